using Faultline.Traces;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>How many faults go the classic way although the design is speculative.</summary>
internal abstract class ShareBenchmark : Benchmark
{
    // v12 had 8.1 of a hundred.
    private const double MostClassic = 0.5;
    private const string NotSpeculative = "not speculative";

    public override string Unit => "% of faults";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.AtMost(NotSpeculative, MostClassic, "% of faults")];

    /// <summary>The only variant; <paramref name="run"/> returns what became of the faults.</summary>
    protected static Variant Of(Func<int, FaultReport> run) => new(NotSpeculative, n => new Reading(100 * (1 - run(n).SpeculativeShare)));
}
