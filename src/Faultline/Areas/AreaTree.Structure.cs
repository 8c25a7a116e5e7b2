using System.Runtime.InteropServices;
using Faultline.Sync;

namespace Faultline.Areas;

/// <content>Changes that need other leaves: splits, joins, and replacements that span leaves.</content>
/// <remarks>
/// All leaves concerned are gated, their areas dealt out to new leaves, and the inner nodes above copied up to the one below which nothing else
/// changes; storing that one publishes everything at once. Then the old leaves die. In the other order a reader would
/// find nothing but dead leaves until the writer runs again.
/// <para>A leaf that two threads change in turns is split between their places, however few areas it has: each then writes, and reads, lines of its own. So many times at most, for
/// what is contended once may be quiet for ever after, and leaves like that do not join again by themselves.</para>
/// </remarks>
internal sealed partial class AreaTree
{
    private const int MostSplits = 64;

    private void ReplaceAcrossLeaves(ReadOnlySpan<VmArea> old, ReadOnlySpan<VmArea> replacements)
    {
        (ulong first, ulong last) = KeysOf(old, replacements);
        _writers.Structure.Enter();
        var change = new Change();
        Trace(first, ref change.Left);
        Trace(last, ref change.Right);
        while (!replacements.IsEmpty && change.Left.Leaf.IsFencedBelow && replacements[0].Start < change.Left.Leaf.Low)
        {
            // The fence goes: both sides are dealt out anew.
            Trace(change.Left.Leaf.Low - 1, ref change.Left);
        }

        GateLeaves(ref change);

        int index = 0;
        List<VmArea> areas = change.Areas;
        while (index < areas.Count && LastByte(areas[index]) < first) index++;
        if (index + old.Length > areas.Count || !CollectionsMarshal.AsSpan(areas).Slice(index, old.Length).SequenceEqual(old))
        {
            foreach (AreaLeaf leaf in change.Leaves) leaf.Gate.Exit();
            _writers.Structure.Exit();
            throw NotInTree();
        }

        areas.RemoveRange(index, old.Length);
        areas.InsertRange(index, replacements);
        if (areas.Count < AreaLeaf.MinAreas) JoinNeighbour(ref change);

        PutInPlace(ref change, DealLeaves(ref change));
        _writers.Structure.Exit();
    }

    /// <summary>
    /// Gives two threads that change the places at <paramref name="lower"/> and at <paramref name="upper"/> in turns a leaf each, if they share one (Sagonas and Winblad,
    /// <em>Contention Adapting Search Trees</em>).
    /// </summary>
    internal void SplitContended(ulong lower, ulong upper)
    {
        _writers.Structure.Enter();
        var change = new Change();
        Trace(lower, ref change.Left);
        Trace(upper, ref change.Right);
        if (change.Left.Leaf == change.Right.Leaf && _writers.Splits < MostSplits)
        {
            _writers.Splits++;
            GateLeaves(ref change);
            PutInPlace(ref change, PartLeaf(ref change, lower, upper));
        }

        _writers.Structure.Exit();
    }

    /// <summary>Two leaves for the one that is gated, with a fence between them; one, if an area lies across all places for it.</summary>
    private List<AreaEntry> PartLeaf(ref Change change, ulong lower, ulong upper)
    {
        ReadOnlySpan<VmArea> areas = CollectionsMarshal.AsSpan(change.Areas);
        AreaLeaf leaf = change.Left.Leaf;
        ulong border = lower + 1 + Page.Floor((upper - lower) / 2);
        int below = 0;
        while (below < areas.Length && LastByte(areas[below]) < border) below++;
        if (below < areas.Length) border = Math.Min(border, areas[below].Start);
        if (border <= lower) return DealLeaves(ref change);

        AreaRun low = new(areas[..below]), high = new(areas[below..]);
        return
        [
            new AreaEntry(leaf.Low, new AreaLeaf(leaf.Low, border, low, leaf.IsFencedBelow, isFencedAbove: true), low.WidestGap(LowestEndBefore(leaf))),
            new AreaEntry(border, new AreaLeaf(border, leaf.High, high, isFencedBelow: true, leaf.IsFencedAbove), high.WidestGap(previousEnd: 0)),
        ];
    }

    /// <summary>Publishes new leaves, and everything above them that changes, in the place of the gated ones, which die.</summary>
    private void PutInPlace(ref Change change, List<AreaEntry> leaves)
    {
        ulong low = change.Left.Leaf.Low;
        ulong high = change.Right.Leaf.High;
        Publish(ref change, leaves);

        foreach (AreaLeaf leaf in change.Leaves)
        {
            // Release: whoever reads Dead also finds the new nodes that were published before.
            leaf.Run.StoreRelease(AreaRun.Dead);
            leaf.Gate.Exit();
        }

        // A writer next door may have changed the gaps at our borders: either it sees the new nodes, or we see its run.
        Fence.Full();
        if (FindFirstEndingAfter(low) is { } bottom)
            RaiseGapBoundGated(LastByte(bottom), StackGuard.UsableGap(LowestEndBefore(bottom), bottom));
        if (FindFirstEndingAfter(high) is { } above)
            RaiseGapBoundGated(LastByte(above), StackGuard.UsableGap(LowestEndBefore(above), above));
    }

    /// <summary>Gates the leaves from left to right and collects what they hold.</summary>
    private void GateLeaves(ref Change change)
    {
        AreaLeaf leaf = change.Left.Leaf;
        change.Areas = GateLeaf(leaf, change.Leaves, []);
        while (leaf != change.Right.Leaf)
        {
            leaf = Descend(leaf.High);
            GateLeaf(leaf, change.Leaves, change.Areas);
        }
    }

    private static List<VmArea> GateLeaf(AreaLeaf leaf, List<AreaLeaf> leaves, List<VmArea> areas, bool atFront = false)
    {
        leaf.Gate.Enter();
        leaves.Add(leaf);
        AreaRun run = leaf.Run.LoadRelaxed();
        for (int i = 0; i < run.Count; i++) areas.Insert(atFront ? i : areas.Count, run[i]);
        return areas;
    }

    /// <summary>Takes one more leaf into the change, below the same parent if there is one.</summary>
    private void JoinNeighbour(ref Change change)
    {
        bool rightIsSibling = change.Right[1].Index + 1 < change.Right[1].Node.Count;
        bool leftIsSibling = change.Left[1].Index > 0;
        ulong high = change.Right.Leaf.High;
        ulong low = change.Left.Leaf.Low;
        if (rightIsSibling || (!leftIsSibling && high != AreaLeaf.NoHigh))
        {
            Trace(high, ref change.Right);
            GateLeaf(change.Right.Leaf, change.Leaves, change.Areas);
        }
        else if (low != 0)
        {
            Trace(low - 1, ref change.Left);
            GateLeaf(change.Left.Leaf, change.Leaves, change.Areas, atFront: true);
        }
    }

    /// <summary>New leaves over the range of the gated ones.</summary>
    private List<AreaEntry> DealLeaves(ref Change change)
    {
        ReadOnlySpan<VmArea> areas = CollectionsMarshal.AsSpan(change.Areas);
        int leaves = Math.Max(1, Deal.Parts(areas.Length, AreaLeaf.DealtAreas));
        var entries = new List<AreaEntry>(leaves);
        ulong low = change.Left.Leaf.Low;
        ulong previousEnd = LowestEndBefore(change.Left.Leaf);
        for (int i = 0; i < leaves; i++)
        {
            (int from, int to) = Deal.Part(areas.Length, leaves, i);
            ulong high = i == leaves - 1 ? change.Right.Leaf.High : Border(areas[to - 1], areas[to]);
            var run = new AreaRun(areas[from..to]);
            bool isFencedBelow = i == 0 && change.Left.Leaf.IsFencedBelow, isFencedAbove = i == leaves - 1 && change.Right.Leaf.IsFencedAbove;
            entries.Add(new AreaEntry(low, new AreaLeaf(low, high, run, isFencedBelow, isFencedAbove), run.WidestGap(previousEnd)));
            low = high;
            if (to > 0) previousEnd = areas[to - 1].End;
        }

        return entries;

        // In the middle of the gap, so that both neighbours can grow without changing leaves: a heap ends there, or a stack begins.
        static ulong Border(VmArea below, VmArea above) => below.End + Page.Floor((above.Start - below.End) / 2);
    }

    /// <summary>Puts <paramref name="entries"/> into the place of the gated leaves, copying inner nodes as far up as their keys change.</summary>
    private void Publish(ref Change change, List<AreaEntry> entries)
    {
        int height = change.Left.Height;
        for (int level = 1; level < height; level++)
        {
            entries = ChildrenWith(ref change, level, entries);
            if (entries.Count < AreaInner.MinChildren) JoinSibling(ref change, level, entries);
            entries = DealInner(level, entries);

            ref AreaPath.Step left = ref change.Left[level + 1];
            ref AreaPath.Step right = ref change.Right[level + 1];
            if (entries.Count == 1 && left.Node == right.Node && left.Index == right.Index)
            {
                for (int up = level + 1; up <= height; up++) change.Left[up].Node.RaiseGap(change.Left[up].Index, entries[0].WidestGap);
                left.Node.ReplaceChild(left.Index, entries[0].Node);
                return;
            }
        }

        entries = ChildrenWith(ref change, height, entries);
        while (entries.Count > AreaInner.Capacity) entries = DealInner(height++, entries);
        AreaInner root = new(height, CollectionsMarshal.AsSpan(entries));
        while (root.Count == 1 && root.Level > 1) root = (AreaInner)root.Child(0);

        // Release: pairs with the acquire load that begins each search.
        _root.StoreRelease(root);
    }

    /// <summary>The children of the nodes at <paramref name="level"/>, with <paramref name="middle"/> in the place of those that change.</summary>
    private static List<AreaEntry> ChildrenWith(ref Change change, int level, List<AreaEntry> middle)
    {
        var children = new List<AreaEntry>(AreaInner.Capacity + middle.Count);
        AreaPath.Step left = change.Left[level];
        AreaPath.Step right = change.Right[level];
        for (int i = 0; i < left.Index; i++) children.Add(left.Node.Entry(i));
        children.AddRange(middle);
        for (int i = right.Index + 1; i < right.Node.Count; i++) children.Add(right.Node.Entry(i));
        return children;
    }

    /// <summary>Takes the children of a neighbour below the same parent into <paramref name="children"/>, and the neighbour into the change.</summary>
    private static void JoinSibling(ref Change change, int level, List<AreaEntry> children)
    {
        ref AreaPath.Step right = ref change.Right[level + 1];
        ref AreaPath.Step left = ref change.Left[level + 1];
        if (right.Index + 1 < right.Node.Count)
        {
            var sibling = (AreaInner)right.Node.Child(++right.Index);
            for (int i = 0; i < sibling.Count; i++) children.Add(sibling.Entry(i));
        }
        else if (left.Index > 0)
        {
            var sibling = (AreaInner)left.Node.Child(--left.Index);
            for (int i = 0; i < sibling.Count; i++) children.Insert(i, sibling.Entry(i));
        }
    }

    /// <summary>As few nodes as hold the children with room to grow.</summary>
    private static List<AreaEntry> DealInner(int level, List<AreaEntry> children)
    {
        ReadOnlySpan<AreaEntry> all = CollectionsMarshal.AsSpan(children);
        int nodes = all.Length <= AreaInner.Capacity ? 1 : Deal.Parts(all.Length, AreaInner.DealtChildren);
        var entries = new List<AreaEntry>(nodes);
        for (int i = 0; i < nodes; i++)
        {
            (int from, int to) = Deal.Part(all.Length, nodes, i);
            var node = new AreaInner(level, all[from..to]);
            entries.Add(new AreaEntry(node.Low, node, node.WidestGap()));
        }

        return entries;
    }

    /// <summary>The way to the leaf that covers <paramref name="key"/>. Under the structure gate, which keeps it true.</summary>
    private void Trace(ulong key, ref AreaPath path)
    {
        key = Math.Min(key, SortedKeys.Unused - 1);
        AreaNode node = _root.LoadRelaxed();
        path.Height = ((AreaInner)node).Level;
        for (int level = path.Height; level > 0; level--)
        {
            var inner = (AreaInner)node;
            int index = inner.IndexOf(key);
            path[level] = new AreaPath.Step { Node = inner, Index = index };
            node = inner.Child(index);
        }

        path.Leaf = (AreaLeaf)node;
    }

    /// <summary>A change of structure under way: from the leftmost to the rightmost leaf that it replaces.</summary>
    private struct Change
    {
        public AreaPath Left;
        public AreaPath Right;

        // All gated.
        public readonly List<AreaLeaf> Leaves = [];

        // What the leaves held, and then what the new ones will hold.
        public List<VmArea> Areas = [];

        public Change()
        {
        }
    }

    /// <summary>Dealing out items evenly: no node starts nearly full or nearly empty.</summary>
    private static class Deal
    {
        public static int Parts(int items, int perPart) => (items + perPart - 1) / perPart;

        public static (int From, int To) Part(int items, int parts, int index) =>
            ((int)((long)items * index / parts), (int)((long)items * (index + 1) / parts));
    }
}
