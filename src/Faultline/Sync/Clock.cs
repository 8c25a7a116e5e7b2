using System.Diagnostics;

namespace Faultline.Sync;

/// <summary>Time, so that the explorable build can make it virtual.</summary>
internal static class Clock
{
    /// <summary>A monotonic reading in units of <c>1 / Frequency</c> seconds.</summary>
    public static long Timestamp => Stopwatch.GetTimestamp();

    /// <summary>Nanoseconds between two readings.</summary>
    public static long Nanoseconds(long from, long to) => (long)((to - from) * (1e9 / Stopwatch.Frequency));
}
