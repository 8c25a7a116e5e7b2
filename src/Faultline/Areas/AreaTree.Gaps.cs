namespace Faultline.Areas;

/// <content>Search for free space (Linux <c>vm_unmapped_area()</c>).</content>
/// <remarks>
/// A gap belongs to the area above it. Inner nodes keep a bound of the gaps below each child, so a search enters only leaves that had a wide
/// enough gap once; a leaf that it enters in vain has its bound lowered, which pays for the visit: only a wider gap raises it
/// again. See AreaTree.GapBounds.cs.
/// </remarks>
internal sealed partial class AreaTree
{
    private enum GapSearch
    {
        NotFound,
        Found,

        /// <summary>A leaf had left the tree.</summary>
        Restart,
    }

    /// <summary>
    /// The highest place in <c>[low, high)</c> for <paramref name="length"/> bytes, below the stack guard of the area above:
    /// exactly what a scan of all areas would find. The start's bits in <paramref name="alignMask"/> equal those of
    /// <paramref name="alignOffset"/>.
    /// </summary>
    /// <remarks>
    /// Exact for a caller that excludes writers. Beside writers the place may be taken when this returns, and a gap that a writer
    /// is widening or dividing may be overlooked.
    /// </remarks>
    public bool TryFindGapTopDown(
        ulong low, ulong high, ulong length, out ulong start, ulong alignMask = 0, ulong alignOffset = 0)
    {
        var request = new GapRequest(low, high, length, alignMask, alignOffset);
        start = 0;
        if (!request.IsPossible) return false;

        GapSearch result = GapSearch.Restart;
        while (result == GapSearch.Restart)
        {
            // The gap that reaches up to the limit may belong to an area far above it: looked at by itself.
            VmArea? above = FindFirstEndingAfter(high - 1);
            if (request.FitsAtTop(EndBefore(above?.Start ?? high), above, out start)) return true;
            result = SearchDown(_root.LoadAcquire(), in request, out start);
        }

        return result == GapSearch.Found;
    }

    /// <summary>The lowest place, otherwise as <see cref="TryFindGapTopDown"/>.</summary>
    /// <inheritdoc cref="TryFindGapTopDown"/>
    public bool TryFindGapBottomUp(
        ulong low, ulong high, ulong length, out ulong start, ulong alignMask = 0, ulong alignOffset = 0)
    {
        var request = new GapRequest(low, high, length, alignMask, alignOffset);
        start = 0;
        if (!request.IsPossible) return false;

        GapSearch result = GapSearch.Restart;
        while (result == GapSearch.Restart) result = SearchUp(_root.LoadAcquire(), in request, out start);
        if (result == GapSearch.Found) return true;

        VmArea? above = FindFirstEndingAfter(high - 1);
        return request.FitsAtBottom(EndBefore(above?.Start ?? high), above, out start);
    }

    private GapSearch SearchDown(AreaInner node, in GapRequest request, out ulong start)
    {
        (int first, int last) = ChildrenWithin(node, in request);
        for (int i = last; i >= first; i--)
        {
            if (node.WidestGap(i) < request.Needed) continue;
            GapSearch result = node.Level > 1
                ? SearchDown((AreaInner)node.Child(i), in request, out start)
                : ScanDown((AreaLeaf)node.Child(i), in request, out start);
            if (result != GapSearch.NotFound) return result;
            NoteVainVisit(node, i, in request);
        }

        start = 0;
        return GapSearch.NotFound;
    }

    private GapSearch SearchUp(AreaInner node, in GapRequest request, out ulong start)
    {
        (int first, int last) = ChildrenWithin(node, in request);
        for (int i = first; i <= last; i++)
        {
            if (node.WidestGap(i) < request.Needed) continue;
            GapSearch result = node.Level > 1
                ? SearchUp((AreaInner)node.Child(i), in request, out start)
                : ScanUp((AreaLeaf)node.Child(i), in request, out start);
            if (result != GapSearch.NotFound) return result;
            NoteVainVisit(node, i, in request);
        }

        start = 0;
        return GapSearch.NotFound;
    }

    private GapSearch ScanDown(AreaLeaf leaf, in GapRequest request, out ulong start)
    {
        AreaRun run = leaf.Run.LoadAcquire();
        (int first, int last) = AreasWithin(run, in request);
        for (int i = last; i >= first; i--)
        {
            if (request.FitsAtTop(GapStart(leaf, run, i), run[i], out start)) return GapSearch.Found;
        }

        start = 0;
        return AfterVainScan(leaf, run, in request);
    }

    private GapSearch ScanUp(AreaLeaf leaf, in GapRequest request, out ulong start)
    {
        AreaRun run = leaf.Run.LoadAcquire();
        (int first, int last) = AreasWithin(run, in request);
        for (int i = first; i <= last; i++)
        {
            if (request.FitsAtBottom(GapStart(leaf, run, i), run[i], out start)) return GapSearch.Found;
        }

        start = 0;
        return AfterVainScan(leaf, run, in request);
    }

    private GapSearch AfterVainScan(AreaLeaf leaf, AreaRun run, in GapRequest request)
    {
        if (run == AreaRun.Dead) return GapSearch.Restart;
        if (run.WidestGap(LowestEndBefore(leaf)) < request.Needed) LowerGapBound(leaf.Low);
        return GapSearch.NotFound;
    }

    /// <summary>A copied inner node may know better than the bound above it; a vain visit of a leaf lowers all bounds above.</summary>
    private void NoteVainVisit(AreaInner node, int index, in GapRequest request)
    {
        if (node.Level > 1 && node.WidestGap(index) >= request.Needed && node.Child(index) is AreaInner child && child.WidestGap() < request.Needed)
            LowerGapBound(child.Low);
    }

    /// <summary>The children with areas that end above the lower limit and below the upper one; the gap of the next area is looked at by itself.</summary>
    private static (int First, int Last) ChildrenWithin(AreaInner node, in GapRequest request) =>
        (Math.Max(0, node.IndexOf(request.Low)), node.IndexOf(request.High - 2));

    private static (int First, int Last) AreasWithin(AreaRun run, in GapRequest request) =>
        (run.FirstEndingAfter(request.Low), Math.Min(run.FirstEndingAfter(request.High - 1), run.Count) - 1);

    private ulong GapStart(AreaLeaf leaf, AreaRun run, int index) => index > 0 ? run.End(index - 1) : EndBefore(leaf.Low);

    /// <summary>Where the last area that ends at or before <paramref name="address"/> ends; 0 if there is none.</summary>
    private ulong EndBefore(ulong address) => Previous(address)?.End ?? 0;
}
