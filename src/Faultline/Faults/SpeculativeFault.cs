using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Files;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Faults;

/// <summary>
/// Resolves a fault without <c>mmap_lock</c>: passes through the pipeline inside walker sections, and between them, outside, fetches what a pass found missing.
/// </summary>
/// <remarks>
/// The first passes of a region look like this: <em>no table</em> → leave, zero a frame, enter, install it under a tried page-table lock → <em>no frame</em> → leave,
/// refill the magazine, enter → installed. In a steady state there is one pass.
/// </remarks>
internal static class SpeculativeFault
{
    /// <summary>Restarts because area or entry changed; the next change hands the fault to the classic path.</summary>
    public const int MaxRestarts = 2;

    /// <summary>
    /// Fetches and waits; each is followed by a pass. More means that others keep taking what was fetched: the classic path can insist.
    /// </summary>
    private const int MaxSupplies = 16;

    /// <summary>Inside a section, at the beginning and at the end. False: the classic path must do it.</summary>
    public static bool TryResolve<TDesign>(ref FaultContext fault)
        where TDesign : struct, IFaultDesign
    {
        MemoryAccessor accessor = fault.Accessor!;
        if (fault.Space.HasSingleThreadShortcut && fault.Space.Accessors.Count == 1)
        {
            accessor.Counters.Count(SpeculationAbort.SingleThread);
            return false;
        }

        if (!fault.Space.IsSpeculationEnabled)
        {
            accessor.Counters.Count(SpeculationAbort.SwitchedOff);
            return false;
        }

        // Known before an attempt begins: a fault on a file that does not opt in is to cost what a classic one costs.
        if (accessor.Areas.LastIfClassic(fault.Address) is { } area)
        {
            fault.Area = area;
            Note(ref fault, SpeculationAbort.NotSupported);
            return false;
        }

        return TryAttempt<TDesign>(ref fault);
    }

    private static bool TryAttempt<TDesign>(ref FaultContext fault)
        where TDesign : struct, IFaultDesign
    {
        fault.Accessor!.Counters.BeginAttempt();
        bool resolved;
        try
        {
            resolved = TryPasses<TDesign>(ref fault);
        }
        finally
        {
            TDesign.End(ref fault);
        }

        if (!resolved) Fail(ref fault);
        return resolved;
    }

    /// <summary>False, with the reason, to give up.</summary>
    private static bool TryPasses<TDesign>(ref FaultContext fault)
        where TDesign : struct, IFaultDesign
    {
        MemoryAccessor accessor = fault.Accessor!;
        int restarts = 0;
        for (int supplies = 0; supplies < MaxSupplies; supplies++)
        {
            FaultStep step = FaultPipeline<TDesign>.Run(ref fault);
            switch (step)
            {
                case FaultStep.Resolved:
                    if (fault.Space.MayBeTraced) FaultlineEvents.Log.Resolved(ref fault);
                    return true;
                case FaultStep.Restart when restarts++ < MaxRestarts:
                    Fail(ref fault);
                    accessor.Counters.Count(FaultEvent.Restart);
                    break;
                case FaultStep.Restart or FaultStep.Abort:
                    return false;
            }

            accessor.LeaveSection();
            bool supplied = Supply<TDesign>(ref fault, step) && !IsKilled(ref fault);
            accessor.EnterSection();

            // Nothing that was read in the last section counts in this one.
            fault.Walk = default;
            if (!supplied) return false;
        }

        fault.Reason = SpeculationAbort.TableLockBusy;
        return false;
    }

    /// <summary>A pass more would serve a guest that is not to go on.</summary>
    private static bool IsKilled(ref FaultContext fault)
    {
        if (!fault.Space.IsKilled) return false;
        fault.Reason = SpeculationAbort.Killed;
        return true;
    }

    private static void Fail(ref FaultContext fault)
    {
        fault.Accessor!.Counters.Fail();
        Note(ref fault, fault.Reason);
    }

    private static void Note(ref FaultContext fault, SpeculationAbort reason)
    {
        fault.Accessor!.Counters.Count(reason);
        if (fault.Space.MayBeTraced) FaultlineEvents.Log.Aborted(ref fault, reason);
    }

    /// <summary>Fetches what is missing, outside the section; false if it is not to be had.</summary>
    private static bool Supply<TDesign>(ref FaultContext fault, FaultStep missing)
        where TDesign : struct, IFaultDesign
    {
        switch (missing)
        {
            case FaultStep.NeedTables:
                return TryInstallTables<TDesign>(ref fault);
            case FaultStep.NeedFrame:
                fault.Reason = SpeculationAbort.NoFrame;
                return fault.Accessor!.Frames.Refill(FrameMagazine.Batch);
            case FaultStep.NeedAnonVma:
                fault.Count(FaultEvent.AnonVmaPrepared);
                if (fault.Space.MayBeTraced) FaultlineEvents.Log.NoAnonVma(ref fault);
                AnonVmaPreparation.Prepare(fault.Space, fault.Area);
                return true;
            case FaultStep.NeedFilePage when !fault.Space.Options.WaitSpeculatively:
                fault.Reason = SpeculationAbort.PageNotInMemory;
                return false;
            case FaultStep.NeedFilePage:
                return TryReadFilePage<TDesign>(ref fault, notify: false);
            case FaultStep.NeedWriteNotice:
                return TryReadFilePage<TDesign>(ref fault, notify: true);
            case FaultStep.NeedSwappedPage:
                return TryReadSwappedPage<TDesign>(ref fault);
            case FaultStep.LockBusy:
                fault.Count(FaultEvent.TableLockWait);
                WaitForTableLock(ref fault.Table);
                return true;
            default:
                return true;
        }
    }

    /// <summary>
    /// Installs the missing tables: frames first, then a section of its own with a <em>tried</em> gate of the tables' span, under which the area is validated. A writer turns
    /// its areas odd before it takes the same gate, so no table comes after it has looked.
    /// </summary>
    private static bool TryInstallTables<TDesign>(ref FaultContext fault)
        where TDesign : struct, IFaultDesign
    {
        PageTable tables = fault.Space.PageTable;
        var reserve = new TableReserve();
        fault.Reason = SpeculationAbort.NoFrame;
        if (!tables.TryReserve(fault.Address, fault.Walk.MissingTables, fault.Space.Graveyard, ref reserve)) return false;
        fault.Accessor!.EnterSection();
        if (tables.TryEnterInstall(fault.Address))
        {
            // A changed area or an outdated walk shows in the next pass.
            if (TDesign.IsAreaUnchanged(ref fault)) tables.Install(fault.Address, ref reserve);
            tables.ExitInstall(fault.Address);
        }

        fault.Accessor!.LeaveSection();
        tables.Return(ref reserve);
        return true;
    }

    /// <summary>
    /// Waits for a page of the file, or for its consent to a write, holding no lock: only a reference to the file, which a fault on a page in memory never takes. Whatever became of
    /// the area meanwhile, the next pass finds it out: the page of an area that has gone is never mapped.
    /// </summary>
    /// <remarks>
    /// <code>
    ///   speculative fault                          unmap
    ///   not in the cache: leave the section
    ///   take a reference to the file
    ///   area unchanged? (full fence in between)
    ///   read …                                     area odd; zap; let the file go: ours is left
    ///                                              returns
    ///   … done: let the file go, the last
    ///   enter, find: no area
    /// </code>
    /// </remarks>
    private static bool TryReadFilePage<TDesign>(ref FaultContext fault, bool notify)
        where TDesign : struct, IFaultDesign
    {
        // At zero, or with the area changed, there is nothing to wait for: the next pass tells.
        VmFile file = fault.Area.File!;
        if (!file.TryAddReference()) return true;
        var result = FileResult.Ok;
        try
        {
            if (TDesign.IsAreaUnchanged(ref fault))
            {
                // A writer that wants the area does not wait for the device.
                TDesign.End(ref fault);
                result = notify ? fault.NotifyWrite(fault.Space.FatalSignal) : fault.ReadFilePage(fault.Space.FatalSignal);
            }
        }
        finally
        {
            file.Release();
        }

        fault.Reason = ReasonOf(result, SpeculationAbort.NoFilePage);
        return result == FileResult.Ok;
    }

    private static SpeculationAbort ReasonOf(FileResult result, SpeculationAbort otherwise) => result switch
    {
        FileResult.OutOfMemory => SpeculationAbort.NoFrame,
        FileResult.Killed => SpeculationAbort.Killed,
        _ => otherwise,
    };

    /// <summary>Waits for a page from a swap device, holding no lock: only its slot, see <see cref="SwapFault{TDesign}"/>.</summary>
    private static bool TryReadSwappedPage<TDesign>(ref FaultContext fault)
        where TDesign : struct, IFaultDesign
    {
        TDesign.End(ref fault);
        FileResult result = fault.ReadSwappedPage(fault.Space.FatalSignal);
        fault.Reason = ReasonOf(result, SpeculationAbort.NoSwappedPage);
        return result == FileResult.Ok;
    }

    /// <summary>Spins outside the section, where the lock's holder is not kept waiting by us. v12 looped without bound, until v10 it gave up at once.</summary>
    /// <remarks>The table may be gone by now and its frame serve for something else: then this waits in vain for a moment, and no more.</remarks>
    private static void WaitForTableLock(ref FrameInfo table)
    {
        var backoff = new Backoff();
        for (int turn = 0; turn < TableLockTurns && PteLock.IsHeld(ref table); turn++) backoff.Wait();
    }

    /// <summary>About the time that a table's lock is held for one fault.</summary>
    private const int TableLockTurns = 8;
}
