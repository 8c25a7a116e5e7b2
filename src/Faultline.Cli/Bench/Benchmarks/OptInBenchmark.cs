using Faultline.Workloads;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Files that do not opt in to speculation: what it costs them to be asked.</summary>
internal sealed class OptInBenchmark : Benchmark
{
    // Small enough for the processor's own caches: with more, where pages happen to lie moves the ratio by more than the bound from one process to the next.
    private const int RegionBytes = 1 << 20;
    private const string NotOptedIn = "speculative, not opted in";

    public override string Name => "fault/no-opt-in";

    public override string Summary => "write faults on a private file that does not support speculation, one thread";

    public override string Unit => "ns/fault";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.TimeAtMost(NotOptedIn, Names.Classic, 1.02)];

    public override OpenBenchmark Open()
    {
        var workload = WorkloadCatalog.Find("page_fault2")!;
        var options = new WorkloadOptions { RegionBytes = RegionBytes };
        var memory = Guest.Memory(2 * (long)workload.BytesNeeded(1, options));
        var classic = new GuestProgram(memory, FaultDesign.Classic, speculativeFiles: false);
        var asked = new GuestProgram(memory, FaultDesign.AreaSequence, filesOf: classic);
        var ofClassic = WorkloadRun.Open(workload, classic, 1, options);
        var ofAsked = WorkloadRun.Open(workload, asked, 1, options);
        return new OpenBenchmark(
            [new(Names.Classic, n => Measure(ofClassic, n)), new(NotOptedIn, n => Measure(ofAsked, n))],
            memory, classic, asked, ofClassic, ofAsked);
    }

    private static Reading Measure(WorkloadRun run, int repetitions) =>
        new(run.Sample(WorkloadLength.Of((repetitions - 1) * (RegionBytes / Page.Size) + 1)).NanosecondsPerOperation);
}
