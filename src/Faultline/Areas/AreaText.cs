using System.Globalization;
using System.Text;

namespace Faultline.Areas;

/// <summary>The text of <c>/proc/PID/maps</c> and of the head and flags in <c>smaps</c> (Linux <c>fs/proc/task_mmu.c</c>).</summary>
internal static class AreaText
{
    // The name begins after this many characters and a space.
    private const int NameColumn = 72;

    // In the order of Linux's bits. A shared mapping of a file that is not open for writing has lost VM_SHARED and kept VM_MAYSHARE.
    private static readonly (AreaFlags Flag, string Letters)[] s_letters =
    [
        (AreaFlags.Read, "rd"), (AreaFlags.Write, "wr"), (AreaFlags.Execute, "ex"), (AreaFlags.Shared | AreaFlags.MayWrite, "sh"),
        (AreaFlags.MayRead, "mr"), (AreaFlags.MayWrite, "mw"), (AreaFlags.MayExecute, "me"), (AreaFlags.Shared, "ms"),
        (AreaFlags.GrowsDown, "gd"), (AreaFlags.UserFaultMissing, "um"), (AreaFlags.PureFrames, "pf"),
        (AreaFlags.UserFaultWriteProtect, "uw"), (AreaFlags.Locked, "lo"), (AreaFlags.PureFrames, "io"), (AreaFlags.SequentialRead, "sr"), (AreaFlags.RandomRead, "rr"),
        (AreaFlags.DontCopy, "dc"), (AreaFlags.PureFrames, "de"), (AreaFlags.LockOnFault, "lf"), (AreaFlags.Account, "ac"), (AreaFlags.NoReserve, "nr"),
        (AreaFlags.WipeOnFork, "wf"), (AreaFlags.DontDump, "dd"), (AreaFlags.MixedMap, "mm"), (AreaFlags.HugePage, "hg"), (AreaFlags.NoHugePage, "nh"),
        (AreaFlags.Mergeable, "mg"),
    ];

    /// <summary>One line of <c>maps</c>, with its end.</summary>
    public static void AppendLine(StringBuilder text, AreaInfo area)
    {
        int start = text.Length;
        text.Append(CultureInfo.InvariantCulture, $"{area.Start:x8}-{area.End:x8} {Rights(area.Protection, area.IsShared)}")
            .Append(CultureInfo.InvariantCulture, $" {area.Offset:x8} {area.Identity.Major:x2}:{area.Identity.Minor:x2} {area.Identity.Inode} ");
        if (area.Name is { } name)
        {
            int width = text.Length - start;
            text.Append(' ', Math.Max(0, NameColumn - width) + 1).Append(Escape(name));
        }

        text.Append('\n');
    }

    /// <summary>The four letters of rights and sharing.</summary>
    public static string Rights(Protection rights, bool isShared) => string.Create(4, (rights, isShared), static (letters, area) =>
    {
        letters[0] = (area.rights & Protection.Read) != 0 ? 'r' : '-';
        letters[1] = (area.rights & Protection.Write) != 0 ? 'w' : '-';
        letters[2] = (area.rights & Protection.Execute) != 0 ? 'x' : '-';
        letters[3] = area.isShared ? 's' : 'p';
    });

    /// <summary>The mnemonics of <c>VmFlags</c>, separated by spaces.</summary>
    public static string FlagLetters(AreaFlags flags)
    {
        var text = new StringBuilder();
        foreach ((AreaFlags flag, string letters) in s_letters)
        {
            if ((flags & flag) != flag) continue;
            if (text.Length > 0) text.Append(' ');
            text.Append(letters);
        }

        return text.ToString();
    }

    // Linux escapes line feeds only (seq_path with "\n").
    private static string Escape(string name) => name.Replace("\n", "\\012", StringComparison.Ordinal);
}
