using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Faults;

/// <summary>Keeps the frame that a fault copies, which it does without the table's lock, from being freed and used again before the copy is in place.</summary>
/// <remarks>
/// <para>To find the same entry under the lock is not enough. The frame may have gone and come back, in between in other hands:</para>
/// <code>
///   fault                                  another thread
///   walk: read-only, frame F
///                                          maps file 2 over file 1: F is free
///   find: the new area, even
///   copy F, whatever it holds
///                                          reads a page of file 2 into F, maps it read-only
///   table lock; area unchanged, entry: F
///   installs what it copied
/// </code>
/// <para>A speculative fault lets those who clear entries of the table wait for its section, as if it held a translation: no write to a shared line if it has held one before. The
/// classic path is in no section, and takes a reference, under the lock, as Linux does.</para>
/// </remarks>
internal static class SourceFrame<TDesign>
    where TDesign : struct, IFaultDesign
{
    /// <summary>The frame of the walked entry stays; anything but <see cref="FaultStep.Continue"/>: the entry has changed.</summary>
    public static FaultStep TryKeep(ref FaultContext fault)
    {
        if (TDesign.IsSpeculative) return TryKeepForSection(ref fault);
        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;
        if (NormalPage.Is(fault.Space, fault.Area, fault.PageAddress, fault.Walk.Value))
        {
            fault.SourceFrame = fault.Walk.Value.Frame;
            fault.Space.Memory.AddReference(fault.SourceFrame);
        }

        PteLock.Exit(ref fault.Table);
        return FaultStep.Continue;
    }

    /// <summary>Gives back what <see cref="TryKeep"/> took. Holding no lock.</summary>
    public static void LetGo(ref FaultContext fault)
    {
        if (TDesign.IsSpeculative || fault.SourceFrame == PhysicalMemory.NoFrame) return;
        fault.Space.Memory.Release(fault.SourceFrame);
        fault.SourceFrame = PhysicalMemory.NoFrame;
    }

    /// <remarks>
    /// <code>
    ///   fault, inside its section              zap, migration, reclaim
    ///   accessor bit (full fence)              clear the entry
    ///   entry as before? else start again      raise generation, full fence
    ///   copy                                   read accessor bits: wait for the section
    ///                                          free the frame
    /// </code>
    /// </remarks>
    private static FaultStep TryKeepForSection(ref FaultContext fault)
    {
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.CopyFromFreedFrame) return FaultStep.Continue;
#endif
        ref FrameInfo table = ref fault.Table;
        ulong slot = fault.Accessor!.SlotBit;

        // Acquire: a bit that another accessor of the slot has set since the walk is no reason not to look at the entry after it.
        if ((Native.LoadAcquire(ref table.Accessors) & slot) == 0) Native.Or(ref table.Accessors, slot);
        return fault.Walk.IsEntryUnchanged() ? FaultStep.Continue : fault.Restart(SpeculationAbort.EntryChanged);
    }
}
