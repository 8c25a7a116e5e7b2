namespace Faultline.Areas;

/// <summary>When two neighbours become one area (Linux <c>mm/vma.c</c>).</summary>
internal static class MergeRules
{
    /// <summary>
    /// <paramref name="right"/> continues <paramref name="left"/>: adjacent, same flags, same object, offsets that follow each other
    /// (<c>is_mergeable_vma()</c> and the offset tests of <c>can_vma_merge_before()</c> and <c>can_vma_merge_after()</c>).
    /// </summary>
    public static bool Continues(in AreaShape left, in AreaShape right) => left.End == right.Start && Differences(left, right) == MergeObstacles.None;

    /// <summary>All that keeps two adjacent areas apart, whichever of them a call changes next (for <see cref="AreaBoundary"/>).</summary>
    public static MergeObstacles Obstacles(in AreaShape left, in AreaShape right)
    {
        MergeObstacles found = Differences(left, right);
        if (CanShareAnon(left.Anon, right.Anon, ownMayBeForked: false)) return found;
        return found | (left.Anon is null || right.Anon is null ? MergeObstacles.ForkedAnonVma : MergeObstacles.AnonVma);
    }

    private static MergeObstacles Differences(in AreaShape left, in AreaShape right)
    {
        AreaFlags flags = (left.Flags ^ right.Flags) & ~AreaFlags.NotCompared;
        MergeObstacles found = MergeObstacles.None;
        if ((flags & AreaFlags.AccessMask) != 0) found |= MergeObstacles.Rights;
        if ((flags & ~AreaFlags.AccessMask) != 0) found |= MergeObstacles.Flags;
        if (((left.Flags | right.Flags) & AreaFlags.RawMask) != 0) found |= MergeObstacles.RawFrames;
        if (!ReferenceEquals(left.Handler, right.Handler)) found |= MergeObstacles.Handler;

        // Offsets in different objects say nothing.
        if (!ReferenceEquals(left.File, right.File)) return found | MergeObstacles.Object;
        return left.PageOffset + left.Pages == right.PageOffset ? found : found | MergeObstacles.Offset;
    }

    /// <summary>
    /// A range with <paramref name="own"/> may join a neighbour with <paramref name="neighbour"/> (<c>is_mergeable_anon_vma()</c>). Where only one
    /// has an AnonVma, the other takes it over, but not one that a fork made: its pages would burden the ancestors' reverse maps for good.
    /// </summary>
    /// <param name="neighbour">The AnonVma of the area that would grow.</param>
    /// <param name="own">The AnonVma of the range that would be absorbed.</param>
    /// <param name="ownMayBeForked">
    /// True while an existing area grows by a range that takes over its AnonVma (<c>vma_merge_extend()</c>): there Linux looks at no source area, so even
    /// a forked AnonVma is given to an untouched right neighbour.
    /// </param>
    public static bool CanShareAnon(AnonVma? neighbour, AnonVma? own, bool ownMayBeForked)
    {
        if (neighbour is null && own is not null) return ownMayBeForked || own.Parent is null;
        if (neighbour is not null && own is null) return neighbour.Parent is null;
        return neighbour == own;
    }

    /// <summary>
    /// Two areas that each may join the range between them may also join each other (<c>can_vma_merge_right()</c>).
    /// </summary>
    public static bool CanBridge(AnonVma? left, AnonVma? right) => left is null || right is null || left == right;
}
