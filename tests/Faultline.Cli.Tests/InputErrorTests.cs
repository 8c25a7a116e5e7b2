using System.Runtime.Versioning;

namespace Faultline.Cli.Tests;

/// <summary>Whatever is given instead of a recording, one line says what is wrong with it and what to do.</summary>
public class InputErrorTests
{
    [Theory]
    [InlineData("", "the name of the input is empty. Give a file that")]
    [InlineData("/tmp", "cannot read /tmp: it is a folder. Give a file that")]
    [InlineData("/proc/self/mem", "cannot read /proc/self/mem: Input/output error. Give a file that")]
    [InlineData("/nonexistent/x.fltrace", "cannot read /nonexistent/x.fltrace: its folder does not exist. Check the path.")]
    [InlineData("no-such-file", "cannot read no-such-file: it does not exist. Check the path.")]
    public void WhenTheInputCannotBeReadThenCauseAndCureAreNamed(string path, string message)
    {
        foreach (string[] command in (string[][])[["info"], ["maps"], ["replay"], ["bench", "kernbench"]]) AssertNoInput(message, [.. command, path]);
        using var folder = new TestFolder();
        AssertNoInput(message, "import", path, "-o", folder["x.fltrace"]);
        Assert.Empty(folder.Names);
    }

    [Theory]
    [InlineData("/dev/null", "the input is empty")]
    [InlineData("/dev/zero", "longer than any event, so this is neither a Faultline recording nor text of perf script. Text must come from")]
    [InlineData("/dev/urandom", "so this is neither a Faultline recording nor text of perf script. Text must come from")]
    [InlineData("/proc/self/cmdline", "truncated in line 1, or is neither a Faultline recording nor text of perf script")]
    [InlineData("/proc/self/maps", "line 1 is not an event, so this is neither a Faultline recording nor text of perf script. Text must come from")]
    public void WhenTheInputIsADeviceOrSomethingElseThenItIsBadData(string path, string message)
    {
        var run = Cli.Run("info", path);
        Assert.Equal((ExitCode.BadData, ""), (run.ExitCode, run.Output));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenTheInputIsALinkToNothingThenItsTargetIsNamed()
    {
        using var folder = new TestFolder();
        File.CreateSymbolicLink(folder["link"], "nowhere");
        AssertNoInput("it is a link to nowhere, which does not exist. Mend the link", "info", folder["link"]);
        File.CreateSymbolicLink(folder["loop"], "loop");
        AssertNoInput("/loop: Too many levels of symbolic links. Give a file that", "info", folder["loop"]);
    }

    [Fact, UnsupportedOSPlatform("windows")]
    public void WhenTheUserMayNotReadTheInputThenThatIsTheMessage()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "Root may read everything.");
        using var folder = new TestFolder();
        File.WriteAllText(folder["x"], "");
        File.SetUnixFileMode(folder["x"], UnixFileMode.None);
        AssertNoInput("this user may not read it. Get the right to read it", "info", folder["x"]);
    }

    private static void AssertNoInput(string message, params string[] arguments)
    {
        var run = Cli.Run(arguments);
        Assert.Equal((ExitCode.NoInput, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("faultline: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }
}
