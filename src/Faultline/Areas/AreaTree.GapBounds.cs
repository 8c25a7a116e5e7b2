using Faultline.Sync;

namespace Faultline.Areas;

/// <content>Keeps the bounds that the gap search prunes by: never below the truth once a change has returned.</content>
/// <remarks>
/// <para>Writers raise a bound after they have published a wider gap, and only if it is too low: a program that maps and unmaps the same
/// place writes nothing here. A search lowers a bound to what it finds. Both happen under the structure gate; only the test that says
/// "nothing to raise" does not:</para>
/// <code>
///   writer                                search
///   ------                                ------
///   publish the run with the gap          mark the bound (full fence)
///   fence                                 read the runs below
///   test: bound wide enough, unmarked?    set the bound, which removes the mark
/// </code>
/// <para>Either the test sees the mark and the writer waits for the gate, or the search sees the gap.</para>
/// <para>A gap may grow at both ends at once, by writers in two leaves. Both fence between publishing and looking for the other
/// end, so the later one sees the whole gap.</para>
/// <para>Exact bounds kept by every writer would put the root's line into each update; no bounds at all would make a
/// placement among 50,000 areas cost what scanning them costs.</para>
/// </remarks>
internal sealed partial class AreaTree
{
    /// <summary>After a change within one leaf: <paramref name="run"/> now holds <paramref name="replacements"/> at <paramref name="index"/>.</summary>
    private void NoteGaps(AreaLeaf leaf, AreaRun run, int index, ReadOnlySpan<VmArea> old, ReadOnlySpan<VmArea> replacements)
    {
        // Areas [first, last] of the run may stand above a gap that their leaf did not have before.
        int end = index + replacements.Length;
        int first = index;
        int last = end;
        if (old.IsEmpty)
        {
            // Insertion divides the gap of the area above, unless that is a stack and the new area stands in its guard. An area above in
            // another leaf keeps a bound that is wide enough.
            if (end < run.Count && !run[end].Has(AreaFlags.GrowsDown)) return;
            last--;
        }
        else if (!replacements.IsEmpty)
        {
            if (StackGuard.StartWithGuard(replacements[0]) <= StackGuard.StartWithGuard(old[0])) first++;
            if (replacements[^1].End >= old[^1].End) last--;
        }

        if (first > last) return;

        // Before the neighbours and bounds are read: pairs with the fences of writers next door and of BeginLowering.
        Fence.Full();
        ulong widest = 0;
        for (int i = first; i <= last && i < run.Count; i++)
            widest = Math.Max(widest, StackGuard.UsableGap(i > 0 ? run.End(i - 1) : LowestEndBefore(leaf), run[i]));
        if (widest > 0) RaiseGapBound(run.End(first) - 1, widest);
        if (last == run.Count && !leaf.IsFencedAbove && FindFirstEndingAfter(old[^1].End - 1) is { } above)
            RaiseGapBound(LastByte(above), StackGuard.UsableGap(LowestEndBefore(above), above));
    }

    /// <summary>
    /// Where the gap below a leaf's first area begins, or lower: beyond a fence nobody looks. So the bound of an area above a fence allows for any gap, whatever is done on the other side.
    /// </summary>
    private ulong LowestEndBefore(AreaLeaf leaf)
    {
        while (leaf is { IsFencedBelow: false, Low: not 0 })
        {
            AreaRun run = Locate(leaf.Low - 1, out leaf);
            if (run.Count > 0) return run.End(run.Count - 1);
        }

        return 0;
    }

    private ulong LowestEndBefore(VmArea area)
    {
        AreaRun run = Locate(LastByte(area), out AreaLeaf leaf);
        int index = run.FirstEndingAfter(area.Start);
        return index > 0 ? run.End(index - 1) : LowestEndBefore(leaf);
    }

    /// <summary>Sees to it that the bounds above <paramref name="key"/> allow for a gap that has been published.</summary>
    private void RaiseGapBound(ulong key, ulong gap)
    {
        AreaInner node = _root.LoadAcquire();
        while (true)
        {
            int index = node.IndexOf(key);
            if (!node.AllowsFor(index, gap)) break;
            if (node.Level == 1) return;
            node = (AreaInner)node.Child(index);
        }

        _writers.Structure.Enter();
        RaiseGapBoundGated(key, gap);
        _writers.Structure.Exit();
    }

    private void RaiseGapBoundGated(ulong key, ulong gap)
    {
        var path = new AreaPath();
        Trace(key, ref path);
        for (int level = 1; level <= path.Height; level++) path[level].Node.RaiseGap(path[level].Index, gap);
    }

    /// <summary>Lowers the bounds above <paramref name="key"/>'s leaf to the truth, if nobody else is at it.</summary>
    private void LowerGapBound(ulong key)
    {
        if (!_writers.Structure.TryEnter()) return;
        var path = new AreaPath();
        Trace(key, ref path);
        for (int level = 1; level <= path.Height; level++)
        {
            (AreaInner node, int index) = (path[level].Node, path[level].Index);
            node.BeginLowering(index);
            ulong widest = level == 1
                ? path.Leaf.Run.LoadAcquire().WidestGap(LowestEndBefore(path.Leaf))
                : path[level - 1].Node.WidestGap();
            node.EndLowering(index, widest);
        }

        _writers.Structure.Exit();
    }
}
