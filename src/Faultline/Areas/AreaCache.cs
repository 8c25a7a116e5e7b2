using System.Runtime.CompilerServices;

namespace Faultline.Areas;

/// <summary>
/// The areas that one accessor used last. Entries validate themselves: an area is good if it contains the address and is not odd, so nobody has to
/// invalidate them.
/// </summary>
internal sealed class AreaCache
{
    private const int Slots = 64;

    // 64 KiB of addresses share a slot: small neighbours do not fight for one.
    private const int SlotShift = 16;

    // The owner's.
    private readonly VmArea?[] _areas = new VmArea?[Slots];
    private VmArea? _last;

    /// <summary>
    /// An area that contains <paramref name="address"/> and the sequence at which it was good; null if none is cached. An odd area is a miss: else
    /// one that was replaced would send its slot's faults to the slow path for ever.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public VmArea? Find(ulong address, out ulong sequence)
    {
        VmArea? area = _last;
        if (area is not null && area.Contains(address) && !VmArea.IsOdd(sequence = area.ReadSequence())) return area;
        area = _areas[Slot(address)];
        if (area is not null && area.Contains(address) && !VmArea.IsOdd(sequence = area.ReadSequence())) return _last = area;
        sequence = 0;
        return null;
    }

    /// <summary>The area used last, if it contains <paramref name="address"/>, or did, and does not support speculation; else null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public VmArea? LastIfClassic(ulong address) => _last is { SupportsSpeculation: false } area && area.Contains(address) ? area : null;

    public void Add(ulong address, VmArea area)
    {
        _last = area;
        _areas[Slot(address)] = area;
    }

    private static int Slot(ulong address) => (int)(address >> SlotShift) & (Slots - 1);
}
