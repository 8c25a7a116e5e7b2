namespace Faultline.Areas;

/// <summary>When an area may grow downwards (Linux <c>mm/vma.c:expand_downwards()</c>, <c>acct_stack_growth()</c>).</summary>
internal static class StackGrowth
{
    /// <param name="space">The caller holds the area, and as far below the address as a guard reaches.</param>
    /// <param name="area">The first area above <paramref name="address"/>.</param>
    /// <param name="address">The page that was touched.</param>
    /// <returns>True if the area grows downwards and nothing is in its way.</returns>
    public static bool IsClear(AddressSpace space, VmArea area, ulong address)
    {
        if (address < space.Options.MinimumAddress || !area.Has(AreaFlags.GrowsDown)) return false;

        // The gap below is kept free of everything that could be hit by accident: inaccessible areas are guards themselves.
        return space.Areas.Previous(area) is not { } below
            || below.Has(AreaFlags.GrowsDown) || !below.HasAny(AreaFlags.AccessMask) || address - below.End >= StackGuard.Size;
    }

    /// <summary>The limits admit it. Parameters as above.</summary>
    public static bool IsAdmitted(AddressSpace space, UsageRoom room, VmArea area, ulong address)
    {
        ulong pages = Page.Count(area.Start - address);
        return pages <= area.PageOffset
            && room.MayExpand(area.Flags, pages)
            && area.End - address <= space.Limits.Stack
            && room.MayLockMore(area.Flags, pages << Page.Shift)
            && room.TryCommit(pages);
    }
}
