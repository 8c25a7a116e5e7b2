using Faultline.Areas;

namespace Faultline.Traces.Replay;

/// <summary>How an area differs from a recorded mapping line.</summary>
internal static class AreaDifference
{
    public static string? Of(in MappingData line, VmArea? area)
    {
        if (area is null) return DisagreementNames.NoArea;
        if (area.Start != line.Start) return area.End != line.End ? DisagreementNames.OtherRange : DisagreementNames.OtherStart;
        if (area.End != line.End) return DisagreementNames.OtherEnd;
        var rights = (Protection)(area.Flags & AreaFlags.AccessMask);
        if (rights != (Protection)(line.Rights & ~MappingRights.Shared)) return DisagreementNames.OtherRights;
        if (area.Has(AreaFlags.Shared) != ((line.Rights & MappingRights.Shared) != 0)) return DisagreementNames.OtherRights;
        return IsSameObject(line, area) ? null : DisagreementNames.OtherBacking;
    }

    private static bool IsSameObject(in MappingData line, VmArea area)
    {
        // Shared anonymous memory is a file of Linux's own, which has another number here.
        if (area.File is not { } file) return !line.IsFile;
        if (file is Files.SharedAnonymousFile) return line.IsFile;
        return file.Identity.Inode == line.Inode && file.Identity.Major == line.DeviceMajor && file.Identity.Minor == line.DeviceMinor
            && area.PageOffset << Page.Shift == line.Offset;
    }
}
