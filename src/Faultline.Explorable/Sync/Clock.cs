using System.Diagnostics;
using Faultline.Checker;

namespace Faultline.Sync;

/// <summary>Time counted in operations of the schedule, at one nanosecond each: it replays.</summary>
internal static class Clock
{
    public static long Timestamp => Controlled.ThreadIndex < 0 ? Stopwatch.GetTimestamp() : Controlled.Steps;

    public static long Nanoseconds(long from, long to) =>
        Controlled.ThreadIndex < 0 ? (long)((to - from) * (1e9 / Stopwatch.Frequency)) : to - from;
}
