using System.Text.Json;

namespace Faultline.Cli.Tests.Commands;

public class MapsCommandTests
{
    private static readonly string s_forks = TestFolder.Sample("fork.fltrace"), s_one = TestFolder.Sample("threads.fltrace");

    [Fact]
    public void WhenThereIsOneSpaceThenItsMapsArePrinted()
    {
        var cli = Cli.Run("maps", s_one);
        Assert.Equal((ExitCode.Ok, ""), (cli.ExitCode, cli.Error));
        Assert.EndsWith("[stack]\n", cli.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("rights (", cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenAnExplanationIsAskedForThenBoundariesAreExplainedAndCounted()
    {
        var cli = Cli.Run("maps", s_one, "--explain");
        Assert.Contains("  | rights (r-- and r-x)\n", cli.Output, StringComparison.Ordinal);
        Assert.Contains("of them directly above another one. What keeps them apart:", cli.Output, StringComparison.Ordinal);
        Assert.Matches("[0-9]+ × Rights", cli.Output);
    }

    [Fact]
    public void WhenThereAreSeveralSpacesThenTheyAreListed()
    {
        var cli = Cli.Run("maps", s_forks);
        foreach (var process in (string[])["16691", "16693", "16697"]) Assert.Contains(process, cli.Output, StringComparison.Ordinal);
        Assert.All(cli.Output.Split('\n'), line => Assert.InRange(line.Length, 0, 120));
    }

    [Fact]
    public void WhenASpaceIsNamedThenOnlyItIsShown()
    {
        var cli = Cli.Run("maps", s_forks, "--space", "4", "--json");
        var space = Assert.Single(JsonDocument.Parse(cli.Output).RootElement.GetProperty("spaces").EnumerateArray());
        Assert.Equal(16696, space.GetProperty("processId").GetInt32());
        Assert.Equal(space.GetProperty("areas").GetArrayLength() - 4, space.GetProperty("boundaries").GetArrayLength());
    }

    [Fact]
    public void WhenTheSpaceDoesNotExistThenTheCureIsNamed()
    {
        var cli = Cli.Run("maps", s_forks, "--space", "99");
        Assert.Equal((ExitCode.Usage, ""), (cli.ExitCode, cli.Output));
        Assert.Contains("Without --space they are listed", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenTheTimeIsNegativeThenItIsWrongUsage() => Assert.Equal(ExitCode.Usage, Cli.Run("maps", s_one, "--at", "-1").ExitCode);

    [Fact]
    public void WhenTheTimeIsTheBeginningThenOnlyTheFirstImageIsThere() =>
        Assert.Contains("[stack]", Cli.Run("maps", s_forks, "--at", "0.001").Output, StringComparison.Ordinal);

    [Fact]
    public void WhenTheProgramHasEndedThenNoAreaExists()
    {
        var cli = Cli.Run("maps", s_one, "--at", "1000");
        Assert.Equal((ExitCode.Usage, ""), (cli.ExitCode, cli.Output));
        Assert.Contains("no area exists at that time", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenTheRecordingShowsNoAreasThenItIsBadData()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["p.txt"], ImportCommandTests.Text);
        var cli = Cli.Run("maps", folder["p.txt"]);
        Assert.Equal((ExitCode.BadData, ""), (cli.ExitCode, cli.Output));
        Assert.Contains("shows no areas", cli.Error, StringComparison.Ordinal);
    }
}
