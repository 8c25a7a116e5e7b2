using System.Text.RegularExpressions;
using Faultline.Differential.Host;

namespace Faultline.Differential;

/// <summary>What <c>smaps</c> counts, in one line an area.</summary>
internal static partial class UsageText
{
    // Not what Linux knows late or by more than the entries: Referenced and LazyFree, which wait for the lists of reclaim. Nor huge pages and keys.
    private static readonly HashSet<string> s_counted =
    [
        "Size", "Rss", "Pss", "Pss_Dirty", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Anonymous", "Swap", "SwapPss", "Locked",
    ];

    public static IEnumerable<string> Lines(string smaps)
    {
        foreach (string area in Head().Split(smaps).Skip(1 + HostProgram.Areas))
        {
            IEnumerable<Match> counts = Count().Matches(area).Where(count => s_counted.Contains(count.Groups[1].Value));
            string line = string.Join(' ', counts.Select(count => $"{count.Groups[1]}={count.Groups[2]}"));
            if (!area.Contains("[vsyscall]", StringComparison.Ordinal)) yield return line;
        }
    }

    // The start of an area's first line; what follows is its end.
    [GeneratedRegex("^[0-9a-f]+-", RegexOptions.Multiline)]
    private static partial Regex Head();

    [GeneratedRegex(@"^(\w+): +(\d+) kB", RegexOptions.Multiline)]
    private static partial Regex Count();
}
