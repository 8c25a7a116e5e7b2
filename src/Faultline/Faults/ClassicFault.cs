using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Files;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Sync;

namespace Faultline.Faults;

/// <summary>Resolves a fault with <c>mmap_lock</c> held for read. The only path that grows stacks and delivers signals.</summary>
internal static class ClassicFault
{
    /// <summary>Outside sections, holding nothing.</summary>
    public static FaultSignal Resolve(ref FaultContext fault, LockUser user)
    {
        AddressSpace space = fault.Space;
        bool mayGrow = true;
        while (true)
        {
            FaultSignal signal;
            RangeHold hold = Enter(ref fault, user);
            try
            {
                signal = ResolveLocked(ref fault, user, ref hold);
            }
            finally
            {
                // A file may throw what it should not; that must not stop the space for good.
                space.ExitRead(hold);
            }

            if (signal != FaultSignal.NotMapped || !mayGrow) return signal;

            // Below a stack? Growing it replaces the area, which no reader may do (Linux mm/mmap_lock.c:lock_mm_and_find_vma()).
            mayGrow = space.TryGrowStack(fault.Address, user);
            if (!mayGrow) return signal;
            fault.Count(FaultEvent.StackGrowth);
        }
    }

    /// <summary>May give the lock up to wait, and holds it again when it returns: nothing that was found before counts then.</summary>
    private static FaultSignal ResolveLocked(ref FaultContext fault, LockUser user, ref RangeHold hold)
    {
        var backoff = new Backoff();
        bool mayRetry = fault.Space.Options.DropLockToWait;
        while (true)
        {
            // The tables of live areas stay while the lock is held, but other faults may install some.
            fault.Walk = default;
            switch (FaultPipeline<ClassicDesign>.Run(ref fault))
            {
                case FaultStep.Resolved:
                    return FaultSignal.None;
                case FaultStep.Abort:
                    return fault.Reason == SpeculationAbort.NoArea ? FaultSignal.NotMapped : FaultSignal.NotPermitted;
                case FaultStep.NeedTables:
                    if (!TryInstallTables(ref fault)) return FaultSignal.OutOfMemory;
                    break;
                case FaultStep.NeedFrame:
                    return FaultSignal.OutOfMemory;
                case FaultStep.NeedAnonVma:
                    AnonVmaPreparation.Prepare(fault.Space, fault.Area);
                    break;
                case FaultStep.NeedFilePage:
                    FaultSignal signal = AskFile(ref fault, notify: false, user, ref hold, ref mayRetry);
                    if (signal != FaultSignal.None) return signal;
                    break;
                case FaultStep.NeedUser:
                    if (!AskUser(ref fault, user, ref hold)) return FaultSignal.BusError;
                    break;
                case FaultStep.NeedSwappedPage:
                    signal = ReadSwappedPage(ref fault, user, ref hold, ref mayRetry);
                    if (signal != FaultSignal.None) return signal;
                    break;
                case FaultStep.PageAbsent:
                    if (fault.Walk.Value.Absent == AbsentKind.HardwarePoison) return FaultSignal.HardwarePoison;

                    // Whoever moves the page holds the lock for read and needs nothing from us (Linux mm/migrate.c:migration_entry_wait()).
                    fault.Space.ExitRead(hold);
                    backoff.Wait();
                    hold = Enter(ref fault, user);
                    break;
                case FaultStep.NeedWriteNotice:
                    FaultSignal refusal = AskFile(ref fault, notify: true, user, ref hold, ref mayRetry);
                    if (refusal != FaultSignal.None) return refusal;
                    break;
            }
        }
    }

    /// <summary>Calls the handler holding nothing. What it throws ends the fault here.</summary>
    private static bool AskUser(ref FaultContext fault, LockUser user, ref RangeHold hold)
    {
        UserFaultModes reason = fault.Walk.Value.IsNone ? UserFaultModes.Missing : UserFaultModes.WriteProtect;
        fault.Count(FaultEvent.UserFault);
        fault.Space.ExitRead(hold);
        try
        {
            return fault.Area.Handler!.OnFault(new UserFault(fault.Space, fault.Address, fault.Access, reason));
        }
        finally
        {
            hold = Enter(ref fault, user);
        }
    }

    /// <summary>The page is all that a fault looks at: who changes its area has locked the whole area.</summary>
    private static RangeHold Enter(ref FaultContext fault, LockUser user) =>
        fault.Space.EnterRead(user, fault.PageAddress, fault.PageAddress + Page.Size);

    private static bool TryInstallTables(ref FaultContext fault)
    {
        PageTable tables = fault.Space.PageTable;
        var reserve = new TableReserve();
        if (!tables.TryReserve(fault.Walk.MissingTables, fault.Space.Graveyard, ref reserve)) return false;
        tables.EnterInstall();
        tables.Install(fault.Address, ref reserve);
        tables.ExitInstall();
        tables.Return(ref reserve);
        return true;
    }

    /// <summary>Lets the file read the page, or agree to a write: once without the lock, if the options and the file allow it, then with it.</summary>
    /// <remarks>
    /// Linux's <c>FAULT_FLAG_ALLOW_RETRY</c> and <c>FAULT_FLAG_TRIED</c>: the first wait pins the file, gives the lock up and starts the fault again, whatever came of it,
    /// since the area may be another by now; the second insists, and its failure is the access's.
    /// </remarks>
    private static FaultSignal AskFile(ref FaultContext fault, bool notify, LockUser user, ref RangeHold hold, ref bool mayRetry)
    {
        if (!mayRetry || !fault.Area.SupportsSpeculation) return SignalOf(notify ? fault.NotifyWrite() : fault.ReadFilePage());
        mayRetry = false;
        VmFile file = fault.Area.File!;
        file.AddReference();
        fault.Space.ExitRead(hold);
        try
        {
            Ask(ref fault, file, notify);
        }
        finally
        {
            hold = Enter(ref fault, user);
        }

        fault.Count(FaultEvent.Retry);
        return FaultSignal.None;
    }

    /// <summary>Gives the file's reference back, which may be the last.</summary>
    private static void Ask(ref FaultContext fault, VmFile file, bool notify)
    {
        try
        {
            _ = notify ? fault.NotifyWrite() : fault.ReadFilePage();
        }
        finally
        {
            file.Release();
        }
    }

    /// <summary>As <see cref="AskFile"/>, for a swap device: its slot, which the fault holds, is all that the read needs.</summary>
    private static FaultSignal ReadSwappedPage(ref FaultContext fault, LockUser user, ref RangeHold hold, ref bool mayRetry)
    {
        if (!mayRetry) return SignalOf(fault.ReadSwappedPage());
        mayRetry = false;
        fault.Space.ExitRead(hold);
        try
        {
            _ = fault.ReadSwappedPage();
        }
        finally
        {
            hold = Enter(ref fault, user);
        }

        fault.Count(FaultEvent.Retry);
        return FaultSignal.None;
    }

    private static FaultSignal SignalOf(FileResult result) => result switch
    {
        FileResult.Ok => FaultSignal.None,
        FileResult.OutOfMemory => FaultSignal.OutOfMemory,
        _ => FaultSignal.BusError,
    };
}
