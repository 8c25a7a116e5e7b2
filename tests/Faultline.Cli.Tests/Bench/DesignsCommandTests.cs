using Faultline.Cli.Bench;
using Faultline.Cli.Bench.Benchmarks;
using Faultline.Locking;

namespace Faultline.Cli.Tests.Bench;

public class DesignsCommandTests
{
    [Fact]
    public void WhenListedThenEveryDesignHasItsBound()
    {
        var run = Cli.Run("bench", "designs", "--list");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("designs/thread-stacks", run.Output);
        Assert.All(Names.Designs.Where(d => d.Design != FaultDesign.Classic), d => Assert.Contains($"{d.Name} / classic ≤ 1.", run.Output));
    }

    [Fact]
    public void WhenFilteredThenOnlyMatchesAreListedAndNoMatchIsAnError()
    {
        var run = Cli.Run("bench", "designs", "--list", "--filter", "designs/regions*");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("designs/regions-untouched", run.Output);
        Assert.DoesNotContain("designs/thread-stacks", run.Output);
        run = Cli.Run("bench", "designs", "--filter", "fault/*");
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains("See `faultline bench designs --list`", run.Error);
    }

    [Fact]
    public void WhenRunThenEveryVariantTellsWhatBecameOfItsFaultsAndItsLocks()
    {
        var result = new BenchRunner(BenchRunner.FewestRounds, _ => { }, CancellationToken.None).Run(new RegionBenchmark(touch: true));

        // The two controls have spaces of their own for each thread: there is no one space to tell about.
        VariantResult[] inOneSpace = [.. result.Variants.Where(v => v.Faults is not null)];
        Assert.Equal(result.Variants.Count - 2, inOneSpace.Length);
        Assert.All(inOneSpace, v => Assert.True(v.Faults!.Resolved > 0));
        Assert.All(inOneSpace, v => Assert.Contains(v.Lock!.Calls, c => c.User == LockUser.Unmap && c.HeldNanoseconds > 0));
        Assert.All(inOneSpace, v => Assert.Equal(v.Name.StartsWith("ranges", StringComparison.Ordinal), v.Lock!.Calls.Any(c => c.Ranges > 0)));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void WhenSeveralThreadsFaultThenEveryDesignHasATime(int threads, bool oneArea)
    {
        using var open = new DesignFaultsBenchmark(threads, oneArea).Open();
        Assert.All(open.Variants, v => Assert.InRange(v.Measure(1).Mean, 1, 1e9));
    }

    [Fact]
    public void WhenAccessorsAreIdleThenAnUnmapStillHasATime()
    {
        using var open = BenchCatalog.Designs.OfType<IdleAccessorsBenchmark>().Single().Open();
        Assert.All(open.Variants, v => Assert.InRange(v.Measure(10).Mean, 1, 1e9));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenThreadsMapInTheirOwnRegionsThenEveryVariantHasATime(bool touch)
    {
        using var open = new RegionBenchmark(touch).Open();
        Assert.All(open.Variants, v => Assert.InRange(v.Measure(1).Mean, 1, 1e9));
    }
}
