using System.Diagnostics;

namespace Faultline.Cli.Bench;

/// <summary>What one variant measured in one round: the mean, and the 99th percentile where single operations are timed.</summary>
/// <param name="Mean">In the benchmark's unit, per operation.</param>
/// <param name="P99">In the same unit; NaN if only the mean is measured.</param>
internal readonly record struct Reading(double Mean, double P99 = double.NaN)
{
    /// <summary>The number that <paramref name="metric"/> names.</summary>
    public double this[Metric metric] => metric == Metric.P99 ? P99 : Mean;

    /// <summary>Nanoseconds in a difference of Stopwatch readings. TimeSpan would round to 100 ns, which is a fault.</summary>
    public static double Nanoseconds(long ticks) => ticks * (1e9 / Stopwatch.Frequency);

    /// <summary>The mean of <paramref name="operations"/> that took from <paramref name="start"/>, a Stopwatch reading, until now.</summary>
    public static Reading Since(long start, long operations) =>
        new(Nanoseconds(Stopwatch.GetTimestamp() - start) / operations);
}

/// <summary>Which number of a <see cref="Reading"/> a limit is about.</summary>
internal enum Metric
{
    Mean,
    P99,
}
