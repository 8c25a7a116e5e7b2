using HdrHistogram;

namespace Faultline.Traces.Replay;

/// <summary>Latencies of one worker's faults.</summary>
internal sealed class LatencyRecorder
{
    private const long HighestNanoseconds = 10_000_000_000;
    private const int SignificantDigits = 3;

    public LongHistogram Histogram { get; } = new(HighestNanoseconds, SignificantDigits);

    public void Add(long nanoseconds) => Histogram.RecordValue(Math.Clamp(nanoseconds, 1, HighestNanoseconds));
}
