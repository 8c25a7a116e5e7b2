using System.Runtime.CompilerServices;
using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Faults;

/// <summary>
/// The speculative design of the 2022 series: one count for the whole space, which every writer raises when it begins and another when it ends (<see cref="Locking.WriterCounts"/>). The
/// area itself is validated by nothing, and any call anywhere in the space starts the fault again.
/// </summary>
internal readonly struct SpaceSequenceDesign : IFaultDesign
{
    public static bool IsSpeculative => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FaultStep Find(ref FaultContext fault)
    {
        // Before the tree: what is found is what it was at this count, if the count still stands under the table lock.
        if (!fault.Space.Writers!.TryRead(out fault.SpaceSequence)) return fault.Restart(SpeculationAbort.AreaChanged);
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
    public static bool IsAreaUnchanged(ref FaultContext fault) => fault.Space.Writers!.IsUnchanged(fault.SpaceSequence);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TakeFrame(ref FaultContext fault) => fault.Accessor!.Frames.TryTake();
}
