using Faultline.Files;

namespace Faultline.Areas;

/// <summary>Everything about an area but its identity: what the rules of merging and splitting compute with.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">First byte after it.</param>
/// <param name="Flags">Rights and properties.</param>
/// <param name="PageOffset">Page number of <paramref name="Start"/> in the backing object.</param>
/// <param name="File">Backing object; null for private anonymous memory.</param>
/// <param name="Anon">The reverse map of its private pages, frozen; null if it has none yet.</param>
/// <param name="Handler">Who serves its faults in user code; null for nobody.</param>
internal readonly record struct AreaShape(
    ulong Start, ulong End, AreaFlags Flags, ulong PageOffset, VmFile? File, AnonVma? Anon, UserFaultHandler? Handler = null)
{
    public ulong Pages => Page.Count(End - Start);

    public static AreaShape Of(VmArea area, AnonVma? anon) =>
        new(area.Start, area.End, area.Flags, area.PageOffset, area.File, anon, area.Handler);

    /// <summary>The part of the shape within [<paramref name="start"/>, <paramref name="end"/>), with the offset that belongs to it.</summary>
    public AreaShape Slice(ulong start, ulong end) =>
        this with { Start = start, End = end, PageOffset = PageOffset + Page.Count(start - Start) };
}
