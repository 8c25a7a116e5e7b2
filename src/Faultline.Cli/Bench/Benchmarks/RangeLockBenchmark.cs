using Faultline.Locking;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>The range lock beside what else could guard ranges: one reader/writer lock over all of them, and a tree of held ranges under a spin lock.</summary>
internal sealed class RangeLockBenchmark(int threads) : Benchmark
{
    private const int HoldsPerRepetition = 20_000;

    /// <summary>Each thread's own region: they never overlap.</summary>
    private const ulong Region = 1 << 20;

    // About what a call does to its own range while it holds it.
    private const int WorkTurns = 4;

    private const string Range = "RangeLock", Slim = "ReaderWriterLockSlim", Tree = "tree under a spin lock";

    public override string Name => $"lock/disjoint-{threads}";

    public override string Summary => $"exclusive holds of disjoint ranges by {threads} thread{(threads == 1 ? "" : "s")}, some 100 ns each";

    public override string Unit => "ns/hold";

    public override IReadOnlyList<Limit> Limits { get; } = [];

    public override OpenBenchmark Open()
    {
        var range = new RangeLock();
        var slim = new ReaderWriterLockSlim();
        var tree = new TreeRangeLock();
        return new OpenBenchmark(
            [
                new(Range, n => Measure(n, start =>
                {
                    using RangeHold hold = range.Enter(start, start + Region, isExclusive: true);
                    Thread.SpinWait(WorkTurns);
                })),
                new(Slim, n => Measure(n, _ =>
                {
                    slim.EnterWriteLock();
                    Thread.SpinWait(WorkTurns);
                    slim.ExitWriteLock();
                })),
                new(Tree, n => Measure(n, start =>
                {
                    tree.Enter(start, start + Region);
                    Thread.SpinWait(WorkTurns);
                    tree.Exit(start);
                })),
            ],
            slim);
    }

    /// <summary>The time of one hold as each thread sees it; below that of one thread times their number, they run beside each other.</summary>
    private Reading Measure(int repetitions, Action<ulong> hold)
    {
        int holds = HoldsPerRepetition * repetitions;
        using var start = new Barrier(threads);
        double[] means = new double[threads];
        var crew = Enumerable.Range(0, threads).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            long before = System.Diagnostics.Stopwatch.GetTimestamp();
            for (int j = 0; j < holds; j++) hold((ulong)i * Region);
            means[i] = Reading.Since(before, holds).Mean;
        })).ToArray();
        foreach (Thread thread in crew) thread.Start();
        foreach (Thread thread in crew) thread.Join();
        return new Reading(means.Average());
    }
}
