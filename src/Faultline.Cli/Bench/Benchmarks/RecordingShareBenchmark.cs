using Faultline.Traces;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>The share of a recording's faults that speculation takes, without the short-cut.</summary>
internal sealed class RecordingShareBenchmark(Recording recording, CancellationToken cancellation) : ShareBenchmark
{
    public override string Name => "kernbench/share";

    public override string Summary => "the recording replayed speculatively, short-cut off: faults that went the classic way";

    public override OpenBenchmark Open()
    {
        var replay = new PreparedReplay(recording, cancellation);
        return new OpenBenchmark([Of(_ => replay.Run(FaultDesign.AreaSequence, shortCut: false, cancellation).Faults)], replay);
    }
}
