using System.Diagnostics;

namespace Faultline.Cli.Bench;

/// <summary>Runs benchmarks: warms each up, then lets its variants take turns, round by round.</summary>
internal sealed class BenchRunner(int rounds, Action<string> progress, CancellationToken cancellation)
{
    /// <summary>With fewer, no interval of the median reaches 95 %.</summary>
    public const int FewestRounds = 6;

    /// <summary>What a verdict is given on unless more are asked for.</summary>
    public const int DefaultRounds = 15;

    // Tier-up waits for 100 ms in which no method ran for the first time, and a method passes two tiers before the last.
    private const int WarmUpBursts = 6;
    private static readonly TimeSpan s_burst = TimeSpan.FromMilliseconds(120);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(130);

    // Long enough for a timer of 24 ns and a scheduling slice now and then, short enough for the machine to keep its state during a round.
    private static readonly TimeSpan s_measurement = TimeSpan.FromMilliseconds(20);

    private const int MostRepetitions = 1 << 24;

    /// <summary>Measures one benchmark and judges its limits.</summary>
    public BenchmarkResult Run(Benchmark benchmark)
    {
        progress($"{benchmark.Name}: preparing");
        using var open = benchmark.Open();
        int[] repetitions = WarmUp(benchmark, open.Variants);

        var readings = open.Variants.Select(_ => new Reading[rounds]).ToArray();
        var slowness = open.Variants.Select(_ => new double[rounds]).ToArray();
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
                readings[variant][round] = open.Variants[variant].Measure(repetitions[variant]);
                slowness[variant][round] = (before + Calibrator.Slowness()) / 2;
            }
        }

        return BenchmarkResult.Of(benchmark, open.Variants, readings, slowness);
    }

    private int[] WarmUp(Benchmark benchmark, IReadOnlyList<Variant> variants)
    {
        int[] repetitions = new int[variants.Count];
        for (int burst = 0; burst < WarmUpBursts; burst++)
        {
            progress($"{benchmark.Name}: warming up {burst + 1} of {WarmUpBursts}");
            for (int i = 0; i < variants.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                repetitions[i] = Burst(variants[i]);
            }

            Thread.Sleep(s_pause);
        }

        return repetitions;
    }

    // Returns how many repetitions make a measurement.
    private static int Burst(Variant variant)
    {
        int repetitions = 1;
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            long before = Stopwatch.GetTimestamp();
            variant.Measure(repetitions);
            bool isEnough = Stopwatch.GetElapsedTime(before) >= s_measurement || repetitions >= MostRepetitions;
            if (!isEnough) repetitions *= 2;
            else if (Stopwatch.GetElapsedTime(start) >= s_burst) return repetitions;
        }
    }
}
