using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Faultline.Sync;

namespace Faultline.Tests.Ordering;

/// <summary>The lock order as docs/locking.md states it: its table of locks, and of those that may be held when one is waited for.</summary>
internal static partial class LockOrderDocument
{
    [GeneratedRegex(@"`(\w+)`")]
    private static partial Regex Names();

    /// <summary>The locks, outermost first, each with those that may be held when it is waited for.</summary>
    public static List<(LockRank Lock, LockRank[] Held)> Read([CallerFilePath] string here = "")
    {
        string path = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "locking.md");
        var rows = new List<(LockRank, LockRank[])>();
        foreach (string line in File.ReadLines(path).SkipWhile(line => !line.StartsWith("| lock |", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|')))
        {
            string[] cells = line.Split('|');
            rows.Add((NamesIn(cells[1]).Single(), [.. NamesIn(cells[3])]));
        }

        return rows;
    }

    private static IEnumerable<LockRank> NamesIn(string cell) => Names().Matches(cell).Select(match => Enum.Parse<LockRank>(match.Groups[1].Value));
}
