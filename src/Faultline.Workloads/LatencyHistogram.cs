using HdrHistogram;

namespace Faultline.Workloads;

/// <summary>Durations in nanoseconds, to three significant digits.</summary>
public sealed class LatencyHistogram
{
    private const long HighestNanoseconds = 10_000_000_000;
    private const int SignificantDigits = 3;

    private readonly LongHistogram _histogram = new(HighestNanoseconds, SignificantDigits);

    /// <summary>How many were recorded.</summary>
    public long Count => _histogram.TotalCount;

    /// <summary>The mean; NaN if there is none.</summary>
    public double Mean => Count == 0 ? double.NaN : _histogram.GetMean();

    /// <summary>The longest; 0 if there is none.</summary>
    public long Max => Count == 0 ? 0 : _histogram.GetMaxValue();

    /// <summary>Records a duration.</summary>
    public void Record(long nanoseconds) => _histogram.RecordValue(Math.Clamp(nanoseconds, 1, HighestNanoseconds));

    /// <summary>Adds another one's durations.</summary>
    public void Add(LatencyHistogram other) => _histogram.Add(other._histogram);

    /// <summary>The duration that <paramref name="percent"/> of all do not exceed; 0 if there is none.</summary>
    public long Percentile(double percent) => Count == 0 ? 0 : _histogram.GetValueAtPercentile(percent);
}
