using Faultline.Cli.Bench.Benchmarks;
using Faultline.Traces;

namespace Faultline.Cli.Tests.Bench;

public class KernbenchCommandTests
{
    private static readonly string s_recording = TestFolder.Sample("fork.fltrace");

    [Fact]
    public void WhenListedThenTheLimitsStandThere()
    {
        var run = Cli.Run("bench", "kernbench", s_recording, "--list");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("speculative / classic ≤ 1.00", run.Output);
        Assert.Contains("not speculative, % of faults ≤ 0.50", run.Output);
    }

    [Fact]
    public void WhenReplayedThenEveryDesignAndTheShortCutHaveATime()
    {
        using var open = new RecordingBenchmark(Recording.Load(s_recording), CancellationToken.None).Open();
        Assert.Equal(Enum.GetValues<FaultDesign>().Length + 1, open.Variants.Count);
        Assert.All(open.Variants, v => Assert.InRange(v.Measure(1).Mean, 1, 1e9));
    }

    [Fact]
    public void WhenReplayedSpeculativelyThenTheShareIsPartOfAHundred()
    {
        using var open = new RecordingShareBenchmark(Recording.Load(s_recording), CancellationToken.None).Open();
        Assert.InRange(Assert.Single(open.Variants).Measure(1).Mean, 0, 50);
    }

    [Fact]
    public void WhenTheRecordingIsMissingThenItSaysSo() => Assert.Equal(ExitCode.NoInput, Cli.Run("bench", "kernbench", "nothing.fltrace").ExitCode);

    [Fact]
    public void WhenTheRecordingHoldsNoFaultThenThereIsNothingToMeasure()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["p.txt"], Commands.ImportCommandTests.Text);
        var run = Cli.Run("bench", "kernbench", folder["p.txt"]);
        Assert.Equal(ExitCode.BadData, run.ExitCode);
        Assert.Contains("no page fault to measure", run.Error);
    }
}
