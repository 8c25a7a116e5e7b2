using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Faults;

/// <summary>The steps of a fault, once for all designs: find → rights → walk → by kind of entry → lock and validate → install → fill.</summary>
internal static class FaultPipeline<TDesign>
    where TDesign : struct, IFaultDesign
{
    /// <summary>One pass. A speculative design calls it inside a section, the classic one with <c>mmap_lock</c> held for read.</summary>
    public static FaultStep Run(ref FaultContext fault)
    {
        FaultStep step = TDesign.Find(ref fault);
        if (step != FaultStep.Continue) return step;
        if (!fault.IsPermitted) return fault.Abort(SpeculationAbort.NotPermitted);

        // A first speculative pass brings the walk of the TLB miss along: same section, so the same tables.
        if (!fault.Walk.IsComplete) fault.Walk = fault.Space.PageTable.Walk(fault.Address);
        if (!fault.Walk.IsComplete) return FaultStep.NeedTables;
        Pte value = fault.Walk.Value;
        if (value.IsNone)
        {
            if (fault.Area.IsAnonymous) return AnonymousFault<TDesign>.Handle(ref fault);
            return fault.Area.HasRawFrames ? RawFrameFault<TDesign>.Handle(ref fault) : FileFault<TDesign>.Handle(ref fault);
        }

        if (value.Absent == AbsentKind.Swap) return SwapFault<TDesign>.Handle(ref fault);
        if (!value.HasPage) return TDesign.IsSpeculative ? fault.Abort(SpeculationAbort.PageAbsent) : FaultStep.PageAbsent;
        if (!fault.MayFetch) return fault.Abort(SpeculationAbort.NotPermitted);
        if (!fault.IsWrite || value.IsWritable) return SpuriousFault<TDesign>.Handle(ref fault);
        return value.IsUserProtected && fault.Area.Has(AreaFlags.UserFaultWriteProtect)
            ? LeaveToUser(ref fault)
            : CopyOnWriteFault<TDesign>.Handle(ref fault);
    }

    /// <summary>Only the classic path asks handlers: there is nothing to be fast about.</summary>
    public static FaultStep LeaveToUser(ref FaultContext fault) => TDesign.IsSpeculative ? fault.Abort(SpeculationAbort.UserFault) : FaultStep.NeedUser;

    /// <summary>
    /// Takes the table's lock and proves that area, table and entry are what the walk saw. Afterwards a writer that zaps this table waits for us.
    /// </summary>
    /// <remarks>
    /// <code>
    ///   speculative fault                     unmap
    ///   find area: even, walk
    ///                                         area odd, full fence
    ///                                         table lock, zap, unlock
    ///   table lock
    ///   sequence unchanged? no: restart       (without this the page would stay mapped in a hole)
    /// </code>
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FaultStep Lock(ref FaultContext fault)
    {
        // The parent before the lock word: a detached table's lock is not ours to take.
        if (TDesign.IsSpeculative && !fault.Walk.IsAttached()) return fault.Restart(SpeculationAbort.EntryChanged);
        ref FrameInfo table = ref fault.Table;
        if (!TDesign.TryLock(ref table)) return FaultStep.LockBusy;
        if (!TDesign.IsAreaUnchanged(ref fault)) return Unlock(ref fault, SpeculationAbort.AreaChangedUnderLock);
        if (!fault.Walk.IsAttached() || !fault.Walk.IsEntryUnchanged()) return Unlock(ref fault, SpeculationAbort.EntryChanged);
        return FaultStep.Continue;
    }

    /// <summary>Installs an entry where there was none, and finishes. Under the table lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FaultStep Install(ref FaultContext fault, Pte value, FaultEvent what)
    {
        Debug.Assert(PteLock.IsHeld(ref fault.Table), "Entries come under the table's lock.");
        fault.Table.Entries++;

        // Release: whoever finds the frame through the entry sees its contents.
        Native.StoreRelease(ref fault.Walk.Entry, value.Value);
        return Finish(ref fault, value, what);
    }

    /// <summary>Fills the accessor's TLB, frees the lock and counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FaultStep Finish(ref FaultContext fault, Pte value, FaultEvent what)
    {
        fault.Accessor?.Fill(ref fault.Table, fault.PageAddress, value);
        PteLock.Exit(ref fault.Table);
        fault.Count(what);
        return FaultStep.Resolved;
    }

    /// <summary>Makes sure that the fault has a frame of its own, its contents still to be made.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryTakeFrame(ref FaultContext fault) =>
        fault.Frame != PhysicalMemory.NoFrame || (fault.Frame = TDesign.TakeFrame(ref fault)) != PhysicalMemory.NoFrame;

    /// <summary>Frees the lock to fetch what is missing.</summary>
    public static FaultStep UnlockFor(ref FaultContext fault, FaultStep missing)
    {
        PteLock.Exit(ref fault.Table);
        return missing;
    }

    /// <summary>Frees the lock and starts again.</summary>
    public static FaultStep Unlock(ref FaultContext fault, SpeculationAbort reason)
    {
        PteLock.Exit(ref fault.Table);
        return fault.Restart(reason);
    }
}
