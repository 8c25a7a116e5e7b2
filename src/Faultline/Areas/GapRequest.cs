namespace Faultline.Areas;

/// <summary>What placement asks for (Linux <c>vm_unmapped_area_info</c>), and whether a gap gives it.</summary>
/// <remarks>
/// As in Linux a gap must hold the length and the worst loss to alignment, even if it happens to begin aligned
/// (<c>mm/vma.c:unmapped_area()</c>).
/// </remarks>
internal readonly struct GapRequest
{
    public GapRequest(ulong low, ulong high, ulong length, ulong alignMask, ulong alignOffset)
    {
        Low = low;
        High = high;
        Length = length;
        AlignMask = alignMask;
        AlignOffset = alignOffset;
    }

    public ulong Low { get; }

    public ulong High { get; }

    public ulong Length { get; }

    /// <summary>Bits of the start that must equal those of <see cref="AlignOffset"/>; whole pages.</summary>
    public ulong AlignMask { get; }

    public ulong AlignOffset { get; }

    /// <summary>A gap with fewer bytes is out of the question.</summary>
    public ulong Needed => Length + AlignMask;

    /// <summary>False if no gap at all could fit.</summary>
    public bool IsPossible => Length > 0 && Needed >= Length && High > Low && High - Low >= Needed;

    /// <summary>The highest start in the gap between <paramref name="previousEnd"/> and <paramref name="above"/> (null: nothing above).</summary>
    public bool FitsAtTop(ulong previousEnd, VmArea? above, out ulong start)
    {
        ulong bottom = Math.Max(Low, previousEnd);
        ulong top = above is null ? High : Math.Min(High, StackGuard.StartWithGuard(above));
        start = 0;
        if (top < bottom || top - bottom < Needed) return false;

        start = top - Length;
        start -= (start - AlignOffset) & AlignMask;
        return true;
    }

    /// <summary>The lowest start in the gap between <paramref name="previousEnd"/> and <paramref name="above"/> (null: nothing above).</summary>
    public bool FitsAtBottom(ulong previousEnd, VmArea? above, out ulong start)
    {
        ulong bottom = Math.Max(Low, previousEnd);
        ulong top = above is null ? High : Math.Min(High, above.Start);
        start = 0;
        if (top < bottom || top - bottom < Needed) return false;

        start = bottom + ((AlignOffset - bottom) & AlignMask);

        // Linux adds the worst loss to alignment a second time before it looks at the guard; a program sees it in where it is placed.
        return above is null || !above.Has(AreaFlags.GrowsDown) || StackGuard.StartWithGuard(above) >= start + Needed - 1;
    }
}
