using System.Diagnostics;
using Faultline.Traces;

namespace Faultline.Cli.Bench;

/// <summary>Runs benchmarks: warms each up, then lets its variants take turns, round by round.</summary>
internal sealed class BenchRunner(int rounds, Action<string> progress, CancellationToken cancellation)
{
    /// <summary>With fewer, no interval of the median reaches 95 %.</summary>
    public const int FewestRounds = 6;

    /// <summary>What a verdict is given on unless more are asked for.</summary>
    public const int DefaultRounds = 15;

    private static readonly TimeSpan s_burst = TimeSpan.FromMilliseconds(80);

    // Short enough for the machine to keep its state during a round.
    private static readonly TimeSpan s_measurement = TimeSpan.FromMilliseconds(20);

    // A measurement is cut into pieces, and the median piece counts: one that another process interrupted, for milliseconds, drops out. Waits for the
    // engine's locks take microseconds and stay in.
    private static readonly TimeSpan s_piece = TimeSpan.FromMilliseconds(1);

    private const int MostRepetitions = 1 << 24;

    /// <summary>Measures one benchmark and judges its limits.</summary>
    public BenchmarkResult Run(Benchmark benchmark)
    {
        progress($"{benchmark.Name}: preparing");
        using var open = benchmark.Open();
        int[] repetitions = WarmUp(benchmark, open.Variants);

        var readings = open.Variants.Select(_ => new Reading[rounds]).ToArray();
        var slowness = open.Variants.Select(_ => new double[rounds]).ToArray();
        var totals = open.Variants.Select(variant => variant.Space is null ? null : new SpaceTotals()).ToArray();
        for (int round = 0; round < rounds; round++)
        {
            progress($"{benchmark.Name}: round {round + 1} of {rounds}");
            for (int turn = 0; turn < open.Variants.Count; turn++)
            {
                // Another one begins in each round: whatever a variant leaves in caches meets all its peers alike.
                int variant = (round + turn) % open.Variants.Count;
                cancellation.ThrowIfCancellationRequested();
                GC.Collect();
                double before = Calibrator.Slowness();
                if (open.Variants[variant].Space is { } begun) totals[variant]!.Subtract(begun);
                readings[variant][round] = Measure(open.Variants[variant], repetitions[variant]);
                if (open.Variants[variant].Space is { } done) totals[variant]!.Add(done);
                slowness[variant][round] = (before + Calibrator.Slowness()) / 2;
            }
        }

        return BenchmarkResult.Of(benchmark, open.Variants, readings, slowness, totals);
    }

    // The median of the pieces that fit into one measurement.
    private static Reading Measure(Variant variant, int repetitions)
    {
        List<Reading> pieces = [];
        long start = Stopwatch.GetTimestamp();
        do
        {
            pieces.Add(variant.Measure(repetitions));
        }
        while (Stopwatch.GetElapsedTime(start) < s_measurement);

        return new(MedianInterval.Of(pieces.Select(p => p.Mean)).Median, MedianInterval.Of(pieces.Select(p => p.P99)).Median);
    }

    // Returns how many repetitions of each variant make a piece.
    private int[] WarmUp(Benchmark benchmark, IReadOnlyList<Variant> variants)
    {
        int[] repetitions = new int[variants.Count];
        for (var settling = new Settling(variants.Count); !settling.IsDone; settling.EndBurst())
        {
            progress($"{benchmark.Name}: warming up {settling.Burst}");
            for (int i = 0; i < variants.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                (int enough, double fastest) = Burst(variants[i]);

                // The most of all bursts: one that was interrupted at its start took too few for enough.
                repetitions[i] = Math.Max(repetitions[i], enough);
                settling.Note(i, fastest);
            }

            Thread.Sleep(Settling.Pause);
        }

        return repetitions;
    }

    private static (int Repetitions, double Fastest) Burst(Variant variant)
    {
        int repetitions = 1;
        double fastest = double.PositiveInfinity;
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            long before = Stopwatch.GetTimestamp();
            fastest = Math.Min(fastest, variant.Measure(repetitions).Mean);
            bool isPiece = Stopwatch.GetElapsedTime(before) >= s_piece || repetitions >= MostRepetitions;
            if (!isPiece) repetitions *= 2;
            else if (Stopwatch.GetElapsedTime(start) >= s_burst) return (repetitions, fastest);
        }
    }
}
