namespace Faultline.Areas;

/// <summary>The free space that placement keeps below an area that grows down (Linux <c>stack_guard_gap</c>).</summary>
internal static class StackGuard
{
    /// <summary>256 pages, Linux's default: a stack must not run into a mapping before its guard is touched.</summary>
    public const ulong Size = 256UL * Page.Size;

    /// <summary>The lowest byte that belongs to the area or its guard (Linux <c>vm_start_gap()</c>).</summary>
    public static ulong StartWithGuard(VmArea area)
    {
        if (!area.Has(AreaFlags.GrowsDown)) return area.Start;
        return area.Start > Size ? area.Start - Size : 0;
    }

    /// <summary>Bytes that placement may use between <paramref name="previousEnd"/> and the area above.</summary>
    public static ulong UsableGap(ulong previousEnd, VmArea above)
    {
        ulong end = StartWithGuard(above);
        return end > previousEnd ? end - previousEnd : 0;
    }
}
