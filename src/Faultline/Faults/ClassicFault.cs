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
        MmapLock mmapLock = fault.Space.MmapLock;
        bool mayGrow = true;
        while (true)
        {
            mmapLock.EnterRead(user);
            FaultSignal signal = ResolveLocked(ref fault, user);
            mmapLock.ExitRead();
            if (signal != FaultSignal.NotMapped || !mayGrow) return signal;

            // Below a stack? Growing it replaces the area, so it needs the lock for write (Linux mm/mmap_lock.c:lock_mm_and_find_vma()).
#if FAULTLINE_EXPLORE
            if (Sync.Mutants.Active == Sync.Mutant.GrowStackUnderReadLock)
            {
                mmapLock.EnterRead(user);
                mayGrow = fault.Space.TryGrowStack(fault.Address);
                mmapLock.ExitRead();
                if (!mayGrow) return signal;
                continue;
            }
#endif
            mmapLock.EnterWrite(user);
            mayGrow = fault.Space.TryGrowStack(fault.Address);
            mmapLock.ExitWrite();
            if (!mayGrow) return signal;
            fault.Count(FaultEvent.StackGrowth);
        }
    }

    /// <summary>May give the lock up to wait, and holds it again when it returns: nothing that was found before counts then.</summary>
    private static FaultSignal ResolveLocked(ref FaultContext fault, LockUser user)
    {
        var backoff = new Backoff();
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
                    FaultSignal signal = SignalOf(fault.ReadFilePage());
                    if (signal != FaultSignal.None) return signal;
                    break;
                case FaultStep.PageAbsent:
                    if (fault.Walk.Value.Absent == AbsentKind.HardwarePoison) return FaultSignal.HardwarePoison;

                    // Whoever moves the page holds the lock for read and needs nothing from us (Linux mm/migrate.c:migration_entry_wait()).
                    fault.Space.MmapLock.ExitRead();
                    backoff.Wait();
                    fault.Space.MmapLock.EnterRead(user);
                    break;
                case FaultStep.NeedWriteNotice:
                    FaultSignal refusal = SignalOf(fault.NotifyWrite());
                    if (refusal != FaultSignal.None) return refusal;
                    break;
            }
        }
    }

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

    private static FaultSignal SignalOf(FileResult result) => result switch
    {
        FileResult.Ok => FaultSignal.None,
        FileResult.OutOfMemory => FaultSignal.OutOfMemory,
        _ => FaultSignal.BusError,
    };
}
