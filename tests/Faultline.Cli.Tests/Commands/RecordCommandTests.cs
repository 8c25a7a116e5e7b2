namespace Faultline.Cli.Tests.Commands;

public class RecordCommandTests
{
    [Fact]
    public void WhenTheOutputCannotBeCreatedThenThatIsTheMessage()
    {
        var run = Cli.Run("record", "-o", "/nonexistent/x.fltrace", "--", "true");
        Assert.Equal(ExitCode.CannotCreate, run.ExitCode);
        Assert.StartsWith("faultline: cannot write /nonexistent/x.fltrace", run.Error);
    }

    [Fact]
    public void WhenTheProgramIsMissingThenEitherItOrPerfIsNamedAndNothingIsLeft()
    {
        using var folder = new TestFolder();
        var run = Cli.Run("record", "-o", folder["x.fltrace"], "--", "no-such-program", "--json");
        Assert.Contains(run.ExitCode, (int[])[ExitCode.NoInput, ExitCode.UnsupportedHost]);
        Assert.Contains(run.ExitCode == ExitCode.NoInput ? "no-such-program" : "perf", run.Error);
        Assert.Empty(folder.Names);
    }

    [Theory]
    [InlineData("--output", "record", "--", "true")]
    [InlineData("PROGRAM", "record", "-o", "x.fltrace")]
    public void WhenAPartIsMissingThenItIsWrongUsage(string missing, params string[] arguments)
    {
        var run = Cli.Run(arguments);
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains(missing, run.Error);
    }
}
