using Faultline.Traces;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>A recording replayed as fast as its order admits: what its faults cost under each design, with the short-cut and without.</summary>
internal sealed class RecordingBenchmark(Recording recording, CancellationToken cancellation) : Benchmark
{
    public override string Name => "kernbench/faults";

    public override string Summary => "the recording replayed: total time of its faults, as the accesses saw them, by their number";

    public override string Unit => "ns/fault";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.TimeAtMost(Names.Speculative, Names.Classic, 1.00)];

    public override OpenBenchmark Open()
    {
        var replay = new PreparedReplay(recording, cancellation);
        return new OpenBenchmark(
            [
                .. Names.Designs.Select(design => new Variant(design.Name, _ => Faults(replay, design.Design, shortCut: false))),
                new(Names.ShortCut, _ => Faults(replay, FaultDesign.AreaSequence, shortCut: true)),
            ],
            replay);
    }

    private Reading Faults(PreparedReplay replay, FaultDesign design, bool shortCut)
    {
        var latency = replay.Run(design, shortCut, cancellation).Latency;
        return new((double)latency.Total / latency.Count, latency.P99);
    }
}
