using System.Runtime.CompilerServices;
using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Faults;

/// <summary>
/// The speculative design of the 2022 series: one sequence for the whole space, which every holder of the write lock raises when it begins and when it ends. The
/// area itself is validated by nothing, and any call anywhere in the space starts the fault again.
/// </summary>
internal readonly struct SpaceSequenceDesign : IFaultDesign
{
    public static bool IsSpeculative => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FaultStep Find(ref FaultContext fault)
    {
        // Before the tree: what is found is what it was at this count, if the count still stands under the table lock.
        fault.SpaceSequence = fault.Space.MmapLock.ReadWriteSequence();
        if (VmArea.IsOdd(fault.SpaceSequence)) return fault.Restart(SpeculationAbort.AreaChanged);
        VmArea? area = fault.Space.Areas.Find(fault.Address);
        if (area is null) return fault.Abort(SpeculationAbort.NoArea);
        fault.Area = area;
        return area.SupportsSpeculation ? FaultStep.Continue : fault.Abort(SpeculationAbort.NotSupported);
    }

    public static void End(ref FaultContext fault)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLock(ref FrameInfo table) => PteLock.TryEnter(ref table);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAreaUnchanged(ref FaultContext fault) => fault.Space.MmapLock.ReadWriteSequence() == fault.SpaceSequence;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TakeFrame(ref FaultContext fault) => fault.Accessor!.Frames.TryTake();
}
