using Faultline.Traces;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Workloads;

/// <summary>A workload's runs, as <c>--json</c> writes them.</summary>
internal sealed record WorkloadReport(
    Machine Machine,
    string Workload,
    string Summary,
    string Operations,
    string Timed,
    WorkloadOptions Options,
    double? SampleSeconds,
    long? SampleCount,
    int Samples,
    string? NotOnHost,
    IReadOnlyList<ThreadsReport> Runs,
    IReadOnlyList<PublishedRatio> Published)
{
    public static WorkloadReport Of(WorkloadPlan plan, IReadOnlyList<ThreadsReport> runs) => new(
        Machine.Current(),
        plan.Workload.Name,
        plan.Workload.Summary,
        plan.Workload.Operations,
        plan.Workload.Timed,
        plan.Options,
        plan.Length.Time?.TotalSeconds,
        plan.Length.Time is null ? plan.Length.Count : null,
        plan.Samples,
        plan.Workload.NotOnHost,
        runs,
        plan.Workload.Published);
}

/// <summary>One number of threads.</summary>
internal sealed record ThreadsReport(int Threads, IReadOnlyList<SubjectReport> Subjects)
{
    public static ThreadsReport Of(int threads, IReadOnlyList<Subject> subjects, IReadOnlyList<WorkloadSample>[] samples)
    {
        int classic = subjects.Select(subject => subject.Name).ToList().IndexOf(nameof(FaultDesign.Classic));
        return new(threads, [.. subjects.Select((subject, i) => SubjectReport.Of(subject, samples[i], samples[classic]))]);
    }
}

/// <summary>One subject.</summary>
/// <param name="Name">The design, or the host.</param>
/// <param name="Operations">Of all samples.</param>
/// <param name="PerSecond">Throughput: the median sample with the interval that holds the true median.</param>
/// <param name="Lowest">The slowest sample's throughput.</param>
/// <param name="Highest">The fastest sample's.</param>
/// <param name="ToClassic">Throughput over that of the classic design, by rounds.</param>
/// <param name="Latency">Of the operations that were timed, all samples together.</param>
/// <param name="Faults">What became of the faults; null on the host.</param>
/// <param name="Lock">Who held and who waited for the address-space lock; null on the host.</param>
internal sealed record SubjectReport(
    string Name, long Operations, MedianInterval PerSecond, double Lowest, double Highest, MedianInterval ToClassic, LatencySummary Latency,
    FaultReport? Faults, LockReport? Lock)
{
    public static SubjectReport Of(Subject subject, IReadOnlyList<WorkloadSample> samples, IReadOnlyList<WorkloadSample> classic)
    {
        var latency = new LatencyHistogram();
        foreach (var sample in samples) latency.Add(sample.Latency);
        return new(
            subject.Name,
            samples.Sum(s => s.Operations),
            MedianInterval.Of(samples.Select(s => s.OperationsPerSecond)),
            samples.Min(s => s.OperationsPerSecond),
            samples.Max(s => s.OperationsPerSecond),
            MedianInterval.Of(samples.Zip(classic, (s, c) => s.OperationsPerSecond / c.OperationsPerSecond)),
            LatencySummary.Of(latency),
            subject.Totals?.Faults(),
            subject.Totals?.Lock());
    }
}

/// <summary>A histogram in seven numbers, in nanoseconds.</summary>
internal sealed record LatencySummary(long Count, double Mean, long P50, long P90, long P99, long P999, long Max)
{
    public static LatencySummary Of(LatencyHistogram h) =>
        new(h.Count, h.Mean, h.Percentile(50), h.Percentile(90), h.Percentile(99), h.Percentile(99.9), h.Max);
}
