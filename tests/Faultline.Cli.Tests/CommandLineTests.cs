namespace Faultline.Cli.Tests;

public class CommandLineTests
{
    [Fact]
    public void WhenHelpIsAskedThenVerbsExamplesAndExitCodesArePrinted()
    {
        var run = Cli.Run("--help");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("info <FILE>", run.Output);
        Assert.Contains("Examples:", run.Output);
        Assert.Contains("Exit codes:", run.Output);
        Assert.Empty(run.Error);
    }

    [Fact]
    public void WhenHelpOfAVerbIsAskedThenItsExamplesArePrinted()
    {
        var run = Cli.Run("info", "--help");
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("faultline info app.fltrace --json", run.Output);
        Assert.DoesNotContain("Exit codes:", run.Output);
    }

    [Theory]
    [InlineData("no verb given")]
    [InlineData("there is no verb 'replicate'", "replicate")]
    [InlineData("'FILE' missing", "info")]
    [InlineData("'second'", "info", "first", "second")]
    public void WhenTheUsageIsWrongThenOneLineSaysWhyAndWhereHelpIs(string cause, params string[] arguments)
    {
        var run = Cli.Run(arguments);
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.StartsWith("faultline: ", run.Error);
        Assert.Contains(cause, run.Error);
        Assert.EndsWith("--help`." + Environment.NewLine, run.Error);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void WhenTheInputIsMissingThenTheCureIsNamed()
    {
        var run = Cli.Run("info", "/nonexistent/x.fltrace");
        Assert.Equal(ExitCode.NoInput, run.ExitCode);
        Assert.Contains("/nonexistent/x.fltrace", run.Error);
        Assert.EndsWith("Check the path." + Environment.NewLine, run.Error);
    }
}
