using Faultline.Paging;

namespace Faultline.Swap;

/// <summary>Where a page is while it has no frame (Linux <c>swp_entry_t</c>): the payload of an entry of kind <see cref="AbsentKind.Swap"/>.</summary>
/// <remarks>
/// <code>
///   31      28 27                                      0
///  +----------+-----------------------------------------+
///  |  device  |                  slot                   |   0: none; slots are counted from 1
///  +----------+-----------------------------------------+
/// </code>
/// </remarks>
internal readonly record struct SwapEntry(uint Value)
{
    private const int SlotBits = 28;
    private const int DeviceBits = 32 - SlotBits;

    /// <summary>Devices that a memory can have.</summary>
    public const int MaxDevices = 1 << DeviceBits;

    /// <summary>The highest slot of a device.</summary>
    public const uint MaxSlot = (1u << SlotBits) - 1;

    public SwapEntry(int device, uint slot)
        : this(((uint)device << SlotBits) | slot)
    {
    }

    public static SwapEntry None => default;

    public bool IsNone => Value == 0;

    public int Device => (int)(Value >> SlotBits);

    public uint Slot => Value & MaxSlot;

    /// <summary>The page-table entry that says so.</summary>
    public Pte ToPte() => Pte.ForAbsent(AbsentKind.Swap, Value);

    /// <summary>What a page-table entry of kind <see cref="AbsentKind.Swap"/> says.</summary>
    public static SwapEntry Of(Pte value) => new(value.Frame);
}
