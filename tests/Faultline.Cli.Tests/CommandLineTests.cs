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
    [InlineData("no command given")]
    [InlineData("there is no command 'replicate'", "replicate")]
    [InlineData("'FILE' missing", "info")]
    [InlineData("'second'", "info", "first", "second")]
    [InlineData("info has no option '--jason'", "info", "--jason")]
    [InlineData("record has no option '-j'", "record", "-o", "x", "-j", "true")]
    [InlineData("'many' for option '--list': a number is expected", "replay", "x.fltrace", "--list", "many")]
    [InlineData("'area-lock', 'both', 'all'", "replay", "x.fltrace", "--design", "other")]
    [InlineData("--list -1 is not between 0", "replay", "x.fltrace", "--list", "-1")]
    [InlineData("--memory 16777216 is not between 1 and 16777215", "replay", "x.fltrace", "--memory", "16777216")]
    [InlineData("--require-agreement NaN is not between 0 and 100", "replay", "x.fltrace", "--require-agreement", "NaN")]
    [InlineData("'9,5' for option '--require-agreement': a number is expected, such as 1.5", "replay", "x.fltrace", "--require-agreement", "9,5")]
    [InlineData("'0,001' for option '--at': a number is expected, such as 1.5", "maps", "x.fltrace", "--at", "0,001")]
    [InlineData("'--json' must stand behind 'ebizzy'", "bench", "--json", "ebizzy")]
    [InlineData("'--list' must stand behind 'designs'", "bench", "--list", "designs", "--json")]
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
    public void WhenAWordStandsAfterTwoDashesThenItIsAFileWhateverItLooksLike()
    {
        var run = Cli.Run("info", "--", "--no-such-file");
        Assert.Equal(ExitCode.NoInput, run.ExitCode);
        Assert.Contains("--no-such-file", run.Error);
    }

    [Fact]
    public void WhenTheHostHasNoMemoryThenItIsTheHostThatCannotDoIt()
    {
        using var error = new StringWriter();
        Assert.Equal(ExitCode.UnsupportedHost, ErrorReport.Write(error, new InsufficientMemoryException("no memory for an arena")));
        Assert.StartsWith("faultline: no memory for an arena. Ask for less", error.ToString(), StringComparison.Ordinal);
    }
}
