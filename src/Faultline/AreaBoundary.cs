using System.Globalization;
using Faultline.Areas;

namespace Faultline;

/// <summary>Where one area ends and the next one begins, and why they are two.</summary>
/// <param name="Below">The area that ends there.</param>
/// <param name="Above">The area that begins there.</param>
/// <param name="Obstacles">All that keeps them apart, by the rule that the calls themselves merge by.</param>
public sealed record AreaBoundary(AreaInfo Below, AreaInfo Above, MergeObstacles Obstacles)
{
    /// <summary>The address.</summary>
    public ulong Address => Above.Start;

    /// <summary>The obstacles in words, with what differs: <c>rights (rw- and r--), flags (only the second has ac)</c>.</summary>
    public string Explanation => Obstacles == MergeObstacles.None
        ? "nothing keeps them apart: the next call that changes one of them merges them"
        : string.Join(", ", Enum.GetValues<MergeObstacles>().Where(obstacle => obstacle != MergeObstacles.None && Obstacles.HasFlag(obstacle)).Select(Explain));

    private string Explain(MergeObstacles obstacle) => obstacle switch
    {
        MergeObstacles.Rights => $"rights ({Rights(Below)} and {Rights(Above)})",
        MergeObstacles.Flags => $"flags ({Differences()})",
        MergeObstacles.Object => $"object ({ObjectOf(Below)} and {ObjectOf(Above)})",
        MergeObstacles.Offset when Below.Identity == default && Above.Identity == default => "offset (one was moved after its first write)",
        MergeObstacles.Offset => string.Create(CultureInfo.InvariantCulture, $"offset (0x{Above.Offset:x}, not 0x{Below.Offset + Below.Length:x})"),
        MergeObstacles.AnonVma => "AnonVma (each was first written apart from the other)",
        MergeObstacles.Handler => "handler (their faults are served by different handlers)",
        MergeObstacles.RawFrames => "raw frames (areas of device memory never merge)",
        _ => "AnonVma (one comes from a fork, the other was never written)",
    };

    private string Differences()
    {
        // Rights are an obstacle of their own.
        string[] rights = ["rd", "wr", "ex"];
        string[] below = Below.Flags.Split(' '), above = Above.Flags.Split(' ');
        string[] first = [.. below.Except(above).Except(rights)], second = [.. above.Except(below).Except(rights)];
        var parts = new List<string>();
        if (first.Length > 0) parts.Add($"only the first has {string.Join(' ', first)}");
        if (second.Length > 0) parts.Add($"only the second has {string.Join(' ', second)}");
        return string.Join("; ", parts);
    }

    private static string Rights(AreaInfo area) => AreaText.Rights(area.Protection, area.IsShared)[..^1];

    private static string ObjectOf(AreaInfo area) => area.Name ?? "anonymous";
}
