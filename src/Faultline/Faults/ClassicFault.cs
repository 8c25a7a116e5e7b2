using System.Diagnostics;
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
    public static FaultSignal Resolve(ref FaultContext fault, LockUser user, FaultFlags flags) => Resolve(ref fault, user, flags, out _);

    /// <summary>As the other form. <paramref name="isRetry"/>: nothing was done, since the fault would have to wait, and <see cref="FaultFlags.NoWait"/> forbids it.</summary>
    public static FaultSignal Resolve(ref FaultContext fault, LockUser user, FaultFlags flags, out bool isRetry)
    {
        Debug.Assert(flags.IsLegal(), "Flags of a fault go together only in a few ways.");
        AddressSpace space = fault.Space;
        isRetry = false;
        while (true)
        {
            FaultSignal signal;
            var held = new FaultLock(space, user, fault.PageAddress, flags.Has(FaultFlags.Killable) ? space.FatalSignal : null);
            if (!held.TryEnter()) return FaultSignal.Killed;
            try
            {
                signal = ResolveLocked(ref fault, ref flags, ref held, out isRetry);
            }
            finally
            {
                // A file may throw what it should not; that must not stop the space for good.
                held.Exit();
            }

            if (signal != FaultSignal.NotMapped) return signal;

            // Below a stack? Growing it replaces the area, which no reader may do (Linux mm/mmap_lock.c:lock_mm_and_find_vma()).
            if (!space.TryGrowStack(fault.Address, user)) return space.IsKilled ? FaultSignal.Killed : signal;
            fault.Count(FaultEvent.StackGrowth);
        }
    }

    /// <summary>
    /// May give the lock up to wait: nothing that was found before counts then. Holds it again when it returns, unless the space was killed meanwhile.
    /// </summary>
    internal static FaultSignal ResolveLocked(ref FaultContext fault, ref FaultFlags flags, ref FaultLock held, out bool isRetry)
    {
        var backoff = new Backoff();
        FatalSignal? signal = flags.Has(FaultFlags.Killable) ? fault.Space.FatalSignal : null;
        isRetry = false;
        while (signal is not { IsPending: true })
        {
            // The tables of live areas stay while the lock is held, but other faults may install some.
            fault.Walk = default;
            FaultStep step = FaultPipeline<ClassicDesign>.Run(ref fault);
            if (step == FaultStep.PageAbsent && fault.Walk.Value.Absent == AbsentKind.HardwarePoison) return FaultSignal.HardwarePoison;
            if (flags.Has(FaultFlags.NoWait) && Waits(step))
            {
                isRetry = true;
                return FaultSignal.None;
            }

            FaultSignal outcome = FaultSignal.None;
            switch (step)
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
                case FaultStep.NeedFilePage or FaultStep.NeedWriteNotice:
                    outcome = AskFile(ref fault, notify: step == FaultStep.NeedWriteNotice, ref flags, ref held, signal);
                    break;
                case FaultStep.NeedUser:
                    outcome = AskUser(ref fault, ref held, signal);
                    break;
                case FaultStep.NeedSwappedPage:
                    outcome = ReadSwappedPage(ref fault, ref flags, ref held, signal);
                    break;
                case FaultStep.PageAbsent:
                    // Whoever moves the page holds the lock for read and needs nothing from us (Linux mm/migrate.c:migration_entry_wait()).
                    held.Exit();
                    backoff.Wait();
                    if (!held.TryEnter()) return FaultSignal.Killed;
                    break;
            }

            if (outcome != FaultSignal.None) return outcome;
        }

        return FaultSignal.Killed;
    }

    /// <summary>What follows the step may take as long as somebody else likes.</summary>
    private static bool Waits(FaultStep step) =>
        step is FaultStep.NeedFilePage or FaultStep.NeedWriteNotice or FaultStep.NeedUser or FaultStep.NeedSwappedPage or FaultStep.PageAbsent;

    /// <summary>Calls the handler holding nothing. What it throws ends the fault here.</summary>
    private static FaultSignal AskUser(ref FaultContext fault, ref FaultLock held, FatalSignal? signal)
    {
        UserFaultModes reason = fault.Walk.Value.IsNone ? UserFaultModes.Missing : UserFaultModes.WriteProtect;
        var question = new UserFault(fault.Space, fault.Address, fault.Access, reason);
        UserFaultHandler handler = fault.Area.Handler!;
        fault.Count(FaultEvent.UserFault);
        held.Exit();
        bool answer;
        if (signal is not null && handler.MayHang)
        {
            var errand = new UserFaultErrand(handler, question);
            if (!errand.TryRun("user fault", signal)) return FaultSignal.Killed;
            answer = errand.Answer;
        }
        else
        {
            answer = handler.OnFault(in question);
        }

        if (!held.TryEnter()) return FaultSignal.Killed;
        return answer ? FaultSignal.None : FaultSignal.BusError;
    }

    private static bool TryInstallTables(ref FaultContext fault)
    {
        PageTable tables = fault.Space.PageTable;
        var reserve = new TableReserve();
        if (!tables.TryReserve(fault.Address, fault.Walk.MissingTables, fault.Space.Graveyard, ref reserve)) return false;
        tables.EnterInstall(fault.Address);
        tables.Install(fault.Address, ref reserve);
        tables.ExitInstall(fault.Address);
        tables.Return(ref reserve);
        return true;
    }

    /// <summary>Lets the file read the page, or agree to a write: once without the lock, if the flags and the file allow it, then with it.</summary>
    /// <remarks>
    /// The first wait pins the file, gives the lock up and starts the fault again, whatever came of it, since the area may be another by now; the second insists, and its failure is
    /// the access's.
    /// </remarks>
    private static FaultSignal AskFile(ref FaultContext fault, bool notify, ref FaultFlags flags, ref FaultLock held, FatalSignal? signal)
    {
        if (!flags.MayDropLock() || !fault.Area.SupportsSpeculation) return SignalOf(Ask(ref fault, notify, signal));
        VmFile file = fault.Area.File!;
        file.AddReference();
        held.Exit();
        try
        {
            _ = Ask(ref fault, notify, signal);
        }
        finally
        {
            // May be the last.
            file.Release();
        }

        return BeginAnew(ref fault, ref flags, ref held);
    }

    private static FileResult Ask(ref FaultContext fault, bool notify, FatalSignal? signal) => notify ? fault.NotifyWrite(signal) : fault.ReadFilePage(signal);

    /// <summary>As <see cref="AskFile"/>, for a swap device: its slot, which the fault holds, is all that the read needs.</summary>
    private static FaultSignal ReadSwappedPage(ref FaultContext fault, ref FaultFlags flags, ref FaultLock held, FatalSignal? signal)
    {
        if (!flags.MayDropLock()) return SignalOf(fault.ReadSwappedPage(signal));
        held.Exit();
        _ = fault.ReadSwappedPage(signal);
        return BeginAnew(ref fault, ref flags, ref held);
    }

    private static FaultSignal BeginAnew(ref FaultContext fault, ref FaultFlags flags, ref FaultLock held)
    {
        flags |= FaultFlags.Tried;
        if (!held.TryEnter()) return FaultSignal.Killed;
        fault.Count(FaultEvent.Retry);
        return FaultSignal.None;
    }

    private static FaultSignal SignalOf(FileResult result) => result switch
    {
        FileResult.Ok => FaultSignal.None,
        FileResult.OutOfMemory => FaultSignal.OutOfMemory,
        FileResult.Killed => FaultSignal.Killed,
        _ => FaultSignal.BusError,
    };
}
