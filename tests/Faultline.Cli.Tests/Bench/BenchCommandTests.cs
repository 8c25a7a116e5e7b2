using Faultline.Cli.Bench;

namespace Faultline.Cli.Tests.Bench;

public class BenchCommandTests
{
    [Fact]
    public void WhenListedThenEveryBenchmarkStandsThereWithItsLimits()
    {
        var run = Cli.Run("bench", "--list");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.All(BenchCatalog.All, b => Assert.Contains($"{b.Name}: {b.Summary}", run.Output));
        Assert.Contains("speculative / host ≤ 0.30", run.Output);
    }

    [Fact]
    public void WhenFilteredThenOnlyMatchesAreListed()
    {
        var run = Cli.Run("bench", "--list", "--filter", "fault/*", "--json");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("fault/stream", run.Output);
        Assert.DoesNotContain("access/", run.Output);
    }

    [Theory]
    [InlineData("no benchmark matches 'nothing'", "--filter", "nothing")]
    [InlineData("--rounds must be at least 6", "--rounds", "5")]
    [InlineData("--rounds must be at least 15", "--rounds", "14", "--check")]
    public void WhenTheUsageIsWrongThenOneLineSaysWhy(string cause, params string[] arguments)
    {
        var run = Cli.Run(["bench", .. arguments]);
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains(cause, run.Error);
        Assert.Empty(run.Output);
    }

    [Fact]
    public void WhenOneBenchmarkRunsThenTheTableHasItsVariantsAndVerdicts()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the host's memory calls are the peer");
        var run = Cli.Run("bench", "--filter", "allocation", "--rounds", "6");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("3 pass, 0 miss, 0 inconclusive", run.Output);
    }

    [Fact]
    public void WhenEveryLimitIsCheckedThenItsVariantsExist()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the host's memory calls are the peer");
        foreach (var benchmark in BenchCatalog.All.Concat(BenchCatalog.Designs))
        {
            using var open = benchmark.Open();
            var names = open.Variants.Select(v => v.Name).ToList();
            Assert.Equal(names.Distinct(), names);
            Assert.All(benchmark.Limits, l => Assert.Contains(l.Subject, names));
            Assert.All(benchmark.Limits, l => Assert.Contains(l.Baseline ?? l.Subject, names));
        }
    }
}
