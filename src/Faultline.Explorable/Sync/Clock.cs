using System.Diagnostics;
using Faultline.Checker;

namespace Faultline.Sync;

/// <summary>Time counted in operations of the schedule, so that it replays.</summary>
internal static class Clock
{
    /// <summary>
    /// Far more than an operation takes: bounds of milliseconds, such as the patience of a waiting thread, then expire within
    /// the some hundred operations of a schedule in some of them, and in others do not.
    /// </summary>
    private const long NanosecondsPerOperation = 100_000;

    public static long Timestamp => Controlled.ThreadIndex < 0 ? Stopwatch.GetTimestamp() : Controlled.Steps;

    public static long Nanoseconds(long from, long to) => Controlled.ThreadIndex < 0
        ? (long)((to - from) * (1e9 / Stopwatch.Frequency))
        : (to - from) * NanosecondsPerOperation;
}
