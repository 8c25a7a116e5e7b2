using Faultline.Cli.Bench;

namespace Faultline.Cli.Tests.Bench;

public class BenchRunnerTests
{
    private const int Rounds = 15;

    [Fact]
    public void VariantsTakeTurnsAndAnotherOneBeginsEachRound()
    {
        var benchmark = new FakeBenchmark(Limit.TimeAtMost("a", "b", 1), ("a", _ => new(1)), ("b", _ => new(1)), ("c", _ => new(1)));
        new BenchRunner(6, benchmark.Progress, CancellationToken.None).Run(benchmark);
        Assert.Equal("abcbcacababcbcacab", string.Concat(benchmark.Order));
        Assert.True(benchmark.IsDisposed);
    }

    [Fact]
    public void RatiosArePairedByRoundSoThatAChangingMachineDoesNotMatter()
    {
        // The machine slows down eightfold during the run: the ranges overlap, the ratio is always one half.
        var benchmark = new FakeBenchmark(
            Limit.TimeAtMost("ours", "theirs", 0.5), ("ours", round => new(10 + (5 * round))), ("theirs", round => new(20 + (10 * round))));
        var result = new BenchRunner(Rounds, benchmark.Progress, CancellationToken.None).Run(benchmark);

        var limit = Assert.Single(result.Limits);
        Assert.Equal(new MedianInterval(0.5, 0.5, 0.5), limit.Value);
        Assert.Equal(Verdict.Pass, limit.Verdict);
        Assert.Equal([10 + (5 * 7), 20 + (10 * 7)], result.Variants.Select(v => v.Median));
        Assert.Equal([10, 20], result.Variants.Select(v => v.Lowest));
        Assert.All(result.Variants, v => Assert.Null(v.P99));
    }

    [Fact]
    public void WhenOneRoundOfFifteenIsWildThenTheVerdictStays()
    {
        var benchmark = new FakeBenchmark(
            Limit.TimeAtMost("ours", "theirs", 0.5), ("ours", round => new(round == 3 ? 1000 : 1, P99: 7)), ("theirs", _ => new(3, P99: 9)));
        var result = new BenchRunner(Rounds, benchmark.Progress, CancellationToken.None).Run(benchmark);
        Assert.Equal(Verdict.Pass, Assert.Single(result.Limits).Verdict);
        Assert.Equal([7, 9], result.Variants.Select(v => v.P99!.Value));
    }

    [Fact]
    public void WhenCancelledThenItStopsAndDisposes()
    {
        using var stop = new CancellationTokenSource();
        var benchmark = new FakeBenchmark(Limit.TimeAtMost("a", "a", 1), ("a", _ =>
        {
            stop.Cancel();
            return new(1);
        }
        ));
        Assert.Throws<OperationCanceledException>(() => new BenchRunner(Rounds, benchmark.Progress, stop.Token).Run(benchmark));
        Assert.Single(benchmark.Order);
        Assert.True(benchmark.IsDisposed);
    }
}
