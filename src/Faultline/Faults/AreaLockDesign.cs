using System.Runtime.CompilerServices;
using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Faults;

/// <summary>
/// Linux's per-VMA locks: the area's reader lock, held from find to install, keeps writers away, so nothing is validated. It costs two atomic operations on a line that
/// all faults of the area share.
/// </summary>
internal readonly struct AreaLockDesign : IFaultDesign
{
    public static bool IsSpeculative => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FaultStep Find(ref FaultContext fault)
    {
        // Held over passes: what is fetched between them needs no second look either.
        if (fault.HoldsArea) return FaultStep.Continue;
        MemoryAccessor accessor = fault.Accessor!;
        VmArea? area = accessor.Areas.Find(fault.Address, out _);
        if (area is null)
        {
            area = fault.Space.Areas.Find(fault.Address);
            if (area is null) return fault.Abort(SpeculationAbort.NoArea);
            accessor.Areas.Add(fault.Address, area);
        }

        // Before the lock: v12 lost 10 to 19 % on mapped files by taking a reference first.
        if (!area.SupportsSpeculation) return fault.Abort(SpeculationAbort.NotSupported);
        if (!area.TryEnterRead()) return fault.Restart(SpeculationAbort.AreaChanged);
        fault.Area = area;
        fault.HoldsArea = true;
        return FaultStep.Continue;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void End(ref FaultContext fault)
    {
        if (!fault.HoldsArea) return;
        fault.HoldsArea = false;
        fault.Area.ExitRead();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLock(ref FrameInfo table) => PteLock.TryEnter(ref table);

    /// <summary>Nothing to look at while the lock is held.</summary>
    public static bool IsAreaUnchanged(ref FaultContext fault) => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TakeFrame(ref FaultContext fault) => fault.Accessor!.Frames.TryTake();
}
