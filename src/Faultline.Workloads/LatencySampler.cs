using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Faultline.Workloads;

/// <summary>Times every seventeenth operation of one thread: reading the clock takes a third of a fault, and would slow each one down.</summary>
/// <remarks>
/// Seventeen is prime to everything that repeats in address space. A stride of sixteen would meet the first page of every table, which is the dear one, sixteen
/// times as often as it occurs, or never.
/// </remarks>
public sealed class LatencySampler
{
    private const int Stride = 17;

    private int _countdown = Stride;

    /// <summary>What was timed so far.</summary>
    public LatencyHistogram Histogram { get; private set; } = new();

    /// <summary>True if the next operation is to be timed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsDue()
    {
        if (--_countdown != 0) return false;
        _countdown = Stride;
        return true;
    }

    /// <summary>A reading of the clock, for <see cref="Record"/>.</summary>
    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Records the time since <paramref name="start"/>.</summary>
    public void Record(long start) => Histogram.Record((long)((Stopwatch.GetTimestamp() - start) * (1e9 / Stopwatch.Frequency)));

    /// <summary>Hands out what was timed, and starts afresh.</summary>
    public LatencyHistogram Take()
    {
        var taken = Histogram;
        Histogram = new LatencyHistogram();
        return taken;
    }
}
