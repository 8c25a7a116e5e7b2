using Faultline.Cli.Bench;
using Faultline.Faults;
using Faultline.Locking;
using Faultline.Traces;
using Spectre.Console;

namespace Faultline.Cli.Tests.Bench;

public class BenchReportTests
{
    [Theory]
    [InlineData("Pass")]
    [InlineData("Inconclusive", "Inconclusive")]
    [InlineData("Inconclusive", "Pass", "Inconclusive")]
    [InlineData("Miss", "Inconclusive", "Miss", "Pass")]
    public void TheWorstVerdictCounts(string worst, params string[] verdicts) =>
        Assert.Equal(worst, Report([.. verdicts.Select(Enum.Parse<Verdict>)]).Verdict.ToString());

    [Fact]
    public void TablesShowMachineMediansIntervalsAndVerdicts()
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 160;
        Report(Verdict.Pass, Verdict.Miss).Write(console);

        string output = text.ToString();
        Assert.Contains("A processor, 2 cores, A kernel, A runtime", output);
        Assert.Contains("15 rounds", output);
        Assert.Matches(@"host\s+1,444\s+1,300\s+5,000", output);
        Assert.Matches(@"ours\s+72\.5\s+60\s", output);
        Assert.Matches(@"ours / host\s+≤ 0\.10\s+0\.05\s+0\.04 to 0\.06\s+MISS", output);
        Assert.Contains("1 pass, 1 miss, 0 inconclusive", output);
    }

    [Fact]
    public void WhenAVariantHasASpaceThenItsFaultsAndLocksAreShown()
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 120;
        var faults = new FaultReport(1000, 900, 950, 40, 10, 5_000_000, 0, new Dictionary<SpeculationAbort, long> { [SpeculationAbort.AreaChanged] = 50 });
        var locks = new LockReport(
            3, 7_000_000, [new(LockUser.Unmap, 20, 4_000, 610, 2_000, 1_300_000, 3, 7_000_000, 6_000_000)], [new(LockUser.Unmap, LockUser.Map, 7_000_000)]);
        var report = Report(Verdict.Pass);
        var benchmark = report.Benchmarks[0];
        (report with { Benchmarks = [benchmark with { Variants = [benchmark.Variants[0], benchmark.Variants[1] with { Faults = faults, Lock = locks }] }] }).Write(console);

        string output = text.ToString();
        Assert.Matches(@"AreaChanged\s+50", output);
        Assert.Matches(@"time in vain, ms\s+5\.000", output);
        Assert.Matches(@"ours\s+Unmap\s+20\s+4\.00\s+≈610\s+2\.00\s+1\.300\s+3\s+7\.000\s+6,000\.00", output);
        Assert.Matches(@"ours\s+Unmap\s+Map\s+7\.000", output);
        Assert.DoesNotContain("host  Unmap", output);
    }

    private static BenchReport Report(params Verdict[] verdicts) => new(
        new Machine("A processor", 2, "A kernel", "A runtime"),
        Rounds: 15,
        Slowness: 1,
        [
            new("fake", "given", "ns",
                [new("host", 1444, 1300, 5000, 1), new("ours", 72.5, 60, null, 1)],
                [.. verdicts.Select(v => new LimitResult("ours / host", "≤ 0.10", 0.10, new(0.05, 0.04, 0.06), v))]),
        ]);
}
