using System.Text.Json;

namespace Faultline.Cli.Tests.Commands;

public class ReplayCommandTests
{
    private static readonly string s_sample = Path.Combine(Root(), "samples", "traces", "fork.fltrace");

    [Fact]
    public void WhenASampleIsReplayedThenBothDesignsAreReported()
    {
        var cli = Cli.Run("replay", s_sample, "--require-agreement", "99.5");
        Assert.Equal((ExitCode.Ok, ""), (cli.ExitCode, cli.Error));
        foreach (var word in (string[])["Classic", "AreaSequence", "speculative share", "AnonymousFaults", "wall time"])
            Assert.Contains(word, cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenMoreAgreementIsRequiredThanThereIsThenItIsAFinding()
    {
        var cli = Cli.Run("replay", s_sample, "--require-agreement", "100.1", "--design", "classic");
        Assert.Equal(ExitCode.Finding, cli.ExitCode);
        Assert.StartsWith("faultline: agreement is 100 %, less than the 100.1 % required.", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenJsonIsAskedForThenTheReportIsOneDocument()
    {
        var cli = Cli.Run("replay", s_sample, "--design", "area-sequence", "--json", "--list", "1");
        var report = JsonDocument.Parse(cli.Output).RootElement.GetProperty("report");
        var design = Assert.Single(report.GetProperty("designs").EnumerateArray());
        Assert.Equal("AreaSequence", design.GetProperty("design").GetString());
        Assert.Equal(0, design.GetProperty("framesLost").GetInt64());
        Assert.All(design.GetProperty("agreement").EnumerateArray().SelectMany(a => a.GetProperty("disagreements").EnumerateArray()),
            c => Assert.Equal(1, c.GetProperty("examples").GetArrayLength()));
    }

    [Fact]
    public void WhenTheDesignIsUnknownThenItIsWrongUsage() => Assert.Equal(ExitCode.Usage, Cli.Run("replay", s_sample, "--design", "other").ExitCode);

    [Fact]
    public void WhenMemoryIsTooSmallThenTheCureIsNamed()
    {
        var cli = Cli.Run("replay", s_sample, "--memory", "1");
        Assert.Equal(ExitCode.UnsupportedHost, cli.ExitCode);
        Assert.Contains("256 frames (1 MiB)", cli.Error, StringComparison.Ordinal);
        Assert.EndsWith("Give it more with --memory." + Environment.NewLine, cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenTheFileIsMissingThenThereIsNoInput() => Assert.Equal(ExitCode.NoInput, Cli.Run("replay", "no-such-file").ExitCode);

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Faultline.slnx"))) folder = folder.Parent!;
        return folder.FullName;
    }
}
