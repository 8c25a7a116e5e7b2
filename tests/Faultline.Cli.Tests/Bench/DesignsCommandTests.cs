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
    public void WhenRunThenEveryVariantTellsWhatBecameOfItsFaultsAndItsLocks()
    {
        var result = new BenchRunner(BenchRunner.FewestRounds, _ => { }, CancellationToken.None).Run(new RegionBenchmark(touch: true));
        Assert.All(result.Variants, v => Assert.True(v.Faults!.Resolved > 0));
        Assert.All(result.Variants, v => Assert.Contains(v.Lock!.Calls, c => c.User == LockUser.Unmap && c.HeldNanoseconds > 0));
        Assert.All(result.Variants, v => Assert.Equal(v.Name.StartsWith("ranges", StringComparison.Ordinal), v.Lock!.Calls.Any(c => c.Ranges > 0)));
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
