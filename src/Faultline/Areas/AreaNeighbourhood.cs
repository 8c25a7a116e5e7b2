namespace Faultline.Areas;

/// <summary>The areas in and about a range, as one look at the tree found them: all that a writer needs to know in order to lock what it may change.</summary>
internal readonly struct AreaNeighbourhood
{
    // The leaf that has all of it, and what the leaf held; null if it lies in several.
    private readonly AreaLeaf? _leaf;
    private readonly AreaRun? _run;

    public AreaNeighbourhood(VmArea? below, VmArea? first, VmArea? last, AreaLeaf? leaf, AreaRun? run) =>
        (Below, First, Last, _leaf, _run) = (below, first, last, leaf, run);

    /// <summary>The last area that ends at or before the range's start; null also if it ends below what the caller looks at.</summary>
    public VmArea? Below { get; }

    /// <summary>The first area that ends after the range's start: in the range, or above it; null also if it begins above what the caller looks at.</summary>
    public VmArea? First { get; }

    /// <summary>The first area that ends after the range's end: it reaches out of the range, touches it, or lies above it; null as <see cref="First"/>.</summary>
    public VmArea? Last { get; }

    /// <summary>Nothing has changed since; false also if that would take another search to tell.</summary>
    /// <remarks>Acquire, and after the full fence of taking a range: who held the range before has changed the leaf visibly by then.</remarks>
    public bool IsCurrent => _leaf is not null && _leaf.Run.LoadAcquire() == _run;

    /// <summary>Neither an area nor the guard gap of a stack reaches into the range, which ends at <paramref name="end"/>.</summary>
    public bool IsFree(ulong end) => First is null || end <= StackGuard.StartWithGuard(First);
}
