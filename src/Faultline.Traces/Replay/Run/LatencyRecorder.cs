using HdrHistogram;

namespace Faultline.Traces.Replay;

/// <summary>Latencies of one worker's faults.</summary>
internal sealed class LatencyRecorder
{
    private const long HighestNanoseconds = 10_000_000_000;
    private const int SignificantDigits = 3;

    private readonly LongHistogram _histogram = new(HighestNanoseconds, SignificantDigits);

    private long _total;

    public void Add(long nanoseconds)
    {
        _histogram.RecordValue(Math.Clamp(nanoseconds, 1, HighestNanoseconds));
        _total += nanoseconds;
    }

    public void Add(LatencyRecorder other)
    {
        _histogram.Add(other._histogram);
        _total += other._total;
    }

    /// <summary>All 0 if nothing was recorded: the histogram has no percentiles then.</summary>
    public LatencyReport Report() => _histogram.TotalCount == 0
        ? new LatencyReport(0, 0, 0, 0, 0)
        : new LatencyReport(
            _histogram.TotalCount, _total, _histogram.GetValueAtPercentile(50), _histogram.GetValueAtPercentile(99), _histogram.GetMaxValue());
}
