using Faultline.Areas;
using Faultline.Files;

namespace Faultline;

/// <summary>One area of an address space, as it was when it was asked for.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">First byte after it.</param>
/// <param name="Protection">Its rights.</param>
/// <param name="IsShared">Writes are visible to every mapping of the object.</param>
/// <param name="Offset">Offset of <paramref name="Start"/> in the object, in bytes; 0 for private anonymous memory.</param>
/// <param name="Identity">Device and inode of the object; all 0 for private anonymous memory.</param>
/// <param name="Name">The path, <c>[heap]</c> or <c>[stack]</c>; null for other anonymous memory.</param>
/// <param name="Flags">All properties, as <c>VmFlags</c> in <c>/proc/PID/smaps</c> lists them: <c>rd wr mr mw me ac</c>.</param>
public sealed record AreaInfo(
    ulong Start, ulong End, Protection Protection, bool IsShared, ulong Offset, FileIdentity Identity, string? Name, string Flags)
{
    /// <summary>In bytes.</summary>
    public ulong Length => End - Start;

    internal static AreaInfo Of(VmArea area, string? name) => Of(area, name, area.Start, area.End);

    /// <summary>Of a part of the area.</summary>
    internal static AreaInfo Of(VmArea area, string? name, ulong start, ulong end) => new(
        start,
        end,
        (Protection)(area.Flags & AreaFlags.AccessMask),
        area.Has(AreaFlags.Shared),
        area.IsAnonymous ? 0 : (area.PageOffset << Page.Shift) + (start - area.Start),
        area.File?.Identity ?? default,
        name,
        AreaText.FlagLetters(area.Flags));
}
