using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Sync;

namespace Faultline.Areas;

/// <summary>
/// An inner node of an <see cref="AreaTree"/>. Its keys never change; a change of them makes a new node. A child may be replaced by one that
/// covers the same range.
/// </summary>
/// <remarks>
/// One object, with keys, children and bounds inline: a node costs the lines it needs and no dependent load from a header
/// to an array.
/// </remarks>
internal sealed class AreaInner : AreaNode
{
    public const int Capacity = 32;

    /// <summary>With fewer children a node joins a neighbour.</summary>
    public const int MinChildren = 8;

    /// <summary>Children per node when too many for one are dealt out anew.</summary>
    public const int DealtChildren = 24;

    /// <summary>Marks a bound that is being lowered: it still holds for searches, but a writer must not trust that it stays.</summary>
    private const ulong Lowering = 1;

    // Child i covers the last bytes [_keys[i], _keys[i + 1]). Immutable: published with the node.
    private readonly Keys _keys;

    // Replaced under the tree's structure gate by release stores.
    private Children _children;

    // At least the widest gap below an area of child i. Written under the tree's structure gate, read without it. Gaps are
    // whole pages, which leaves the low bit for the mark.
    private Bounds _widestGaps;

    public AreaInner(int level, ReadOnlySpan<AreaEntry> entries)
    {
        Debug.Assert(entries.Length is > 0 and <= Capacity, "A node has children, and room for them.");
        Level = level;
        Count = entries.Length;
        Span<ulong> keys = _keys;
        keys[entries.Length..].Fill(SortedKeys.Unused);
        for (int i = 0; i < entries.Length; i++)
        {
            Debug.Assert(i == 0 || entries[i - 1].Low < entries[i].Low, "Children are in order.");
            keys[i] = entries[i].Low;
            _children[i].StoreRelaxed(entries[i].Node);
            _widestGaps[i].StoreRelaxed(entries[i].WidestGap);
        }
    }

    /// <summary>1 above the leaves, one more for each level above that.</summary>
    public int Level { get; }

    public int Count { get; }

    public ulong Low => _keys[0];

    /// <summary>The child that covers <paramref name="key"/>; -1 for a key below the node, the last one for a key above it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int IndexOf(ulong key) => SortedKeys.CountAtMost(in _keys[0], Capacity, key) - 1;

    /// <summary>Loads a child; acquire pairs with <see cref="ReplaceChild"/>, or with the store that published this node.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public AreaNode Child(int index) => _children[index].LoadAcquire();

    /// <summary>Publishes a child for the same range. Under the structure gate.</summary>
    public void ReplaceChild(int index, AreaNode child) => _children[index].StoreRelease(child);

    /// <summary>No gap below an area of the child is wider.</summary>
    public ulong WidestGap(int index) => _widestGaps[index].LoadRelaxed() & ~Lowering;

    /// <summary>
    /// True if the bound allows for <paramref name="gap"/> and nobody is about to lower it without having seen the gap. Pairs with
    /// <see cref="BeginLowering"/>: the caller published the gap and fenced before.
    /// </summary>
    public bool AllowsFor(int index, ulong gap)
    {
        ulong bound = _widestGaps[index].LoadRelaxed();
        return bound >= gap && (bound & Lowering) == 0;
    }

    /// <summary>Under the structure gate.</summary>
    public void RaiseGap(int index, ulong gap)
    {
        if (_widestGaps[index].LoadRelaxed() < gap) _widestGaps[index].StoreRelaxed(gap);
    }

    /// <summary>Marks the bound, as a full fence; what the caller reads of the child afterwards is at least what unmarked readers relied on.</summary>
    public void BeginLowering(int index) => _widestGaps[index].Or(Lowering);

    /// <summary>Sets the bound that was found under the mark.</summary>
    public void EndLowering(int index, ulong widestGap) => _widestGaps[index].StoreRelease(widestGap);

    /// <summary>The bound of the whole node.</summary>
    public ulong WidestGap()
    {
        ulong widest = 0;
        for (int i = 0; i < Count; i++) widest = Math.Max(widest, WidestGap(i));
        return widest;
    }

    /// <summary>Child <paramref name="index"/> as an entry for another node. Under the structure gate.</summary>
    public AreaEntry Entry(int index) => new(_keys[index], _children[index].LoadRelaxed(), WidestGap(index));

    [InlineArray(Capacity)]
    private struct Keys
    {
        private ulong _first;
    }

    [InlineArray(Capacity)]
    private struct Children
    {
        private Ref<AreaNode> _first;
    }

    [InlineArray(Capacity)]
    private struct Bounds
    {
        private Word64 _first;
    }
}
