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

    // Of one variant in one round.
    private static readonly TimeSpan s_measurement = TimeSpan.FromMilliseconds(20);

    // The median piece counts: one that another process interrupted, for milliseconds, drops out. Waits for the engine's locks take microseconds and stay in.
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
            Measure(open.Variants, repetitions, round, readings, slowness, totals);
        }

        return BenchmarkResult.Of(benchmark, open.Variants, readings, slowness, totals);
    }

    /// <summary>One round: the variants take turns, piece by piece, until each had its time; of each the median of its pieces counts.</summary>
    /// <remarks>
    /// A processor that is shared with others changes its speed within tens of milliseconds. One long measurement after the other puts that into the ratio; short pieces in
    /// turn meet the same changes. What a variant leaves in the caches meets all its peers, since another one begins in each turn.
    /// </remarks>
    private void Measure(
        IReadOnlyList<Variant> variants, int[] repetitions, int round, Reading[][] readings, double[][] slowness, SpaceTotals?[] totals)
    {
        var pieces = variants.Select(_ => new List<Reading>()).ToArray();
        var spent = new TimeSpan[variants.Count];
        GC.Collect();
        double before = Calibrator.Slowness();
        for (int turn = round; spent.Any(time => time < s_measurement); turn++)
        {
            for (int i = 0; i < variants.Count; i++)
            {
                int variant = (turn + i) % variants.Count;
                if (spent[variant] >= s_measurement) continue;
                cancellation.ThrowIfCancellationRequested();
                if (variants[variant].Space is { } begun) totals[variant]!.Subtract(begun);
                long start = Stopwatch.GetTimestamp();
                pieces[variant].Add(variants[variant].Measure(repetitions[variant]));
                spent[variant] += Stopwatch.GetElapsedTime(start);
                if (variants[variant].Space is { } done) totals[variant]!.Add(done);
            }
        }

        double slow = (before + Calibrator.Slowness()) / 2;
        for (int i = 0; i < variants.Count; i++)
        {
            readings[i][round] = new(MedianInterval.Of(pieces[i].Select(p => p.Mean)).Median, MedianInterval.Of(pieces[i].Select(p => p.P99)).Median);
            slowness[i][round] = slow;
        }
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
