namespace Faultline.Swap;

/// <summary>What a swap slot is used for (Linux <c>swap_map</c>).</summary>
/// <remarks>
/// <code>
///   31       30                                  0
///  +--------+-------------------------------------+
///  | cached |  holders                            |   0: free
///  +--------+-------------------------------------+
/// </code>
/// Holders are the page-table entries that name the slot, or the cache of the file whose page it has, and faults for as long as they read it. Cached: the swap cache has a frame with the page.
/// </remarks>
internal readonly record struct SlotState(uint Value)
{
    private const uint CachedBit = 1u << 31;

    /// <summary>In the swap cache, and named by no entry: not yet, or not any more.</summary>
    public static SlotState OnlyCached => new(CachedBit);

    public bool IsFree => Value == 0;

    public uint Holders => Value & ~CachedBit;

    public SlotState WithHolders(int delta) => new(unchecked(Value + (uint)delta));

    public SlotState NotCached() => new(Value & ~CachedBit);
}
