using System.Text.Json;
using Faultline.Workloads;

namespace Faultline.Cli.Tests.Bench.Workloads;

public class WorkloadCommandTests
{
    [Fact]
    public void WhenAWorkloadRunsThenEveryDesignStandsBesideTheHostWithDiagnosisAndPublishedRatios()
    {
        var run = Cli.Run("bench", "ebizzy", "--threads", "2", "--time", "0.001", "--samples", "1", "--chunk-size", "32", "--chunks", "2");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.All(Enum.GetNames<FaultDesign>(), design => Assert.Matches($@"\n\s+{design}\s+[\d,.]+", run.Output));
        if (OperatingSystem.IsLinux()) Assert.Matches(@"\n\s+host\s+[\d,.]+", run.Output);
        Assert.Contains("2 threads", run.Output);
        Assert.Contains("speculative share", run.Output);
        Assert.Matches(@"Classic\s+Unmap\s+\d", run.Output);
        Assert.Contains("ebizzy -mTt 24, records/s", run.Output);
    }

    [Fact]
    public void WhenACountIsGivenThenEverySampleHasThatManyOperations()
    {
        var run = Cli.Run("bench", "brk1", "--threads", "1,2", "--count", "40", "--samples", "2", "--json");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        using var report = JsonDocument.Parse(run.Output);
        Assert.Contains("C library", report.RootElement.GetProperty("notOnHost").GetString());
        var runs = report.RootElement.GetProperty("runs").EnumerateArray().ToList();
        Assert.Equal([1, 2], runs.Select(r => r.GetProperty("threads").GetInt32()));
        foreach (var threads in runs)
        {
            foreach (var subject in threads.GetProperty("subjects").EnumerateArray())
            {
                int expected = 2 * 40 * threads.GetProperty("threads").GetInt32();
                Assert.Equal(expected, subject.GetProperty("operations").GetInt32());

                // Each operation locks the space or a range, of which one in sixty-one is counted; in the samples alone, without warm-up and verification.
                bool hasRanges = subject.GetProperty("name").GetString()!.EndsWith("ranges", StringComparison.Ordinal);
                var brk = subject.GetProperty("lock").GetProperty("calls").EnumerateArray().Single(c => c.GetProperty("user").GetString() == "Brk");
                Assert.Equal(hasRanges ? 0 : expected, brk.GetProperty("writes").GetInt32());
                Assert.Equal(hasRanges, brk.GetProperty("ranges").GetInt32() > 0);
            }
        }
    }

    [Theory]
    [InlineData("mmap2")]
    [InlineData("page_fault1")]
    [InlineData("page_fault3")]
    public void WhenTheHostHasNotTheMemoryThenNothingIsRun(string workload)
    {
        var run = Cli.Run("bench", workload, "--threads", "1024", "--region", "65536");
        Assert.Equal(ExitCode.UnsupportedHost, run.ExitCode);
        Assert.Contains("Use fewer threads or smaller sizes", run.Error);
    }

    [Theory]
    [InlineData("--threads: 'x' is no number", "pft", "--threads", "1,x")]
    [InlineData("--threads must be from 1 to 1024", "pft", "--threads", "0")]
    [InlineData("--time and --count exclude each other", "mmap1", "--time", "1", "--count", "1")]
    [InlineData("--count must be at least 1", "mmap1", "--count", "0")]
    [InlineData("--time must be more than 0", "mmap1", "--time", "0")]
    [InlineData("--samples must be from 1", "mmap1", "--samples", "0")]
    [InlineData("--chunk-size must be a multiple of 4", "ebizzy", "--chunk-size", "5")]
    public void WhenTheUsageIsWrongThenOneLineSaysWhyAndWhereHelpIs(string cause, string workload, params string[] arguments)
    {
        var run = Cli.Run(["bench", workload, .. arguments]);
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains(cause, run.Error);
        Assert.Contains($"faultline bench {workload} --help", run.Error);
        Assert.Empty(run.Output);
    }

    [Fact]
    public void WhenMoreMemoryIsNeededThanThereIsThenItSaysSo()
    {
        var run = Cli.Run("bench", "page_fault1", "--threads", "1000", "--region", "60000");
        Assert.Equal(ExitCode.UnsupportedHost, run.ExitCode);
        Assert.Contains("MiB of memory", run.Error);
    }

    [Fact]
    public void HelpNamesEveryWorkloadAndItsOwnSizesOnly()
    {
        var all = Cli.Run("bench", "--help");
        Assert.All(WorkloadCatalog.All, w => Assert.Contains($"  {w.Name} ", all.Output));
        var ebizzy = Cli.Run("bench", "ebizzy", "--help");
        Assert.Contains("--chunks", ebizzy.Output);
        Assert.DoesNotContain("--region", ebizzy.Output);
        Assert.Contains("--region", Cli.Run("bench", "pft", "--help").Output);
    }
}
