using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Faults;

/// <summary>The classic design: <c>mmap_lock</c>, held for read by the caller, keeps areas and tables.</summary>
internal readonly struct ClassicDesign : IFaultDesign
{
    public static bool IsSpeculative => false;

    public static FaultStep Find(ref FaultContext fault)
    {
        // A pass before this one, or a speculative attempt that gave up, has looked already: an area that is even under the lock is in the tree.
        if (fault.Area is { } known && !VmArea.IsOdd(known.ReadSequence())) return FaultStep.Continue;
        VmArea? area = fault.Accessor?.Areas.Find(fault.Address, out _);
        if (area is null)
        {
            area = fault.Space.Areas.Find(fault.Address);
            if (area is null) return fault.Abort(SpeculationAbort.NoArea);
            fault.Accessor?.Areas.Add(fault.Address, area);
        }

        fault.Area = area;
        return FaultStep.Continue;
    }

    public static void End(ref FaultContext fault)
    {
    }

    public static bool TryLock(ref FrameInfo table)
    {
        PteLock.Enter(ref table);
        return true;
    }

    public static bool IsAreaUnchanged(ref FaultContext fault) => true;

    public static uint TakeFrame(ref FaultContext fault) =>
        fault.Accessor is { } accessor ? accessor.Frames.TakeOutside() : fault.Space.Memory.Frames.TryAllocate(fault.Space.Options.MemoryGroup);
}
