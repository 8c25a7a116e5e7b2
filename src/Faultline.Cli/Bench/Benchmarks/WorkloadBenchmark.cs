using Faultline.Cli.Bench.Host;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>A workload in small, with limits: host, classic and speculative, in one space for all its threads.</summary>
internal sealed class WorkloadBenchmark : Benchmark
{
    private const int RegionBytes = 16 << 20;
    private static readonly WorkloadOptions s_options = new() { RegionBytes = RegionBytes };

    private readonly Workload _workload;
    private readonly int _threads;

    /// <summary>A benchmark of <paramref name="workload"/>, named after it and the threads.</summary>
    public WorkloadBenchmark(string workload, int threads, params Limit[] limits)
    {
        _workload = WorkloadCatalog.Find(workload)!;
        _threads = threads;
        Limits = limits;
    }

    public override string Name => $"workload/{_workload.Name}-{_threads}";

    public override string Summary => $"{_workload.Summary}; here {RegionBytes >> 20} MiB, {_threads} thread{(_threads == 1 ? "" : "s")}";

    public override string Unit => $"ns/{_workload.Timed}";

    public override IReadOnlyList<Limit> Limits { get; }

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(2 * (long)_workload.BytesNeeded(_threads, s_options));
        var host = new HostProgram();
        var classic = new GuestProgram(memory, FaultDesign.Classic);
        var speculative = new GuestProgram(memory, FaultDesign.AreaSequence, filesOf: classic);
        var ofHost = WorkloadRun.Open(_workload, host, _threads, s_options);
        var ofClassic = WorkloadRun.Open(_workload, classic, _threads, s_options);
        var ofSpeculative = WorkloadRun.Open(_workload, speculative, _threads, s_options);
        return new OpenBenchmark(
            [new(Names.Host, n => Measure(ofHost, n)), new(Names.Classic, n => Measure(ofClassic, n)), new(Names.Speculative, n => Measure(ofSpeculative, n))],
            memory, host, classic, speculative, ofHost, ofClassic, ofSpeculative);
    }

    // At least one step, in which each thread goes once over its region.
    private static Reading Measure(WorkloadRun run, int repetitions) =>
        new(run.Sample(WorkloadLength.Of((repetitions - 1) * (RegionBytes / Page.Size) + 1)).NanosecondsPerOperation);
}
