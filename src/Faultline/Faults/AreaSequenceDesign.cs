using System.Runtime.CompilerServices;
using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Faults;

/// <summary>
/// The speculative design of v12, without its reference count: the area is protected by nothing, the garbage collector keeps the object, and the area's
/// sequence tells under the table lock whether it still counts.
/// </summary>
internal readonly struct AreaSequenceDesign : IFaultDesign
{
    public static bool IsSpeculative => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FaultStep Find(ref FaultContext fault)
    {
        MemoryAccessor accessor = fault.Accessor!;
        VmArea? area = accessor.Areas.Find(fault.Address, out fault.Sequence);
        if (area is null)
        {
            area = fault.Space.Areas.Find(fault.Address);
            if (area is null) return fault.Abort(SpeculationAbort.NoArea);
            fault.Sequence = area.ReadSequence();
            if (VmArea.IsOdd(fault.Sequence)) return fault.Restart(SpeculationAbort.AreaChanged);
            accessor.Areas.Add(fault.Address, area);
        }

        // Before anything is written or counted: v12 lost 10 to 19 % on mapped files by taking a reference first.
        fault.Area = area;
        return area.SupportsSpeculation ? FaultStep.Continue : fault.Abort(SpeculationAbort.NotSupported);
    }

    public static void End(ref FaultContext fault)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLock(ref FrameInfo table) => PteLock.TryEnter(ref table);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAreaUnchanged(ref FaultContext fault) =>
#if FAULTLINE_EXPLORE
        Sync.Mutants.Active == Sync.Mutant.SkipSecondValidation ||
#endif
        fault.Area.IsUnchanged(fault.Sequence);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TakeFrame(ref FaultContext fault) => fault.Accessor!.Frames.TryTake();
}
