namespace Faultline.Cli.Tests;

public class ProgressLineTests
{
    [Fact]
    public void WhenStderrIsNotATerminalThenNothingIsWritten()
    {
        using var error = new StringWriter();
        var line = new ProgressLine(error, enabled: false);
        line.Report("lines", 5, 10);
        line.Clear();
        Assert.Empty(error.ToString());
    }

    [Fact]
    public void WhenItIsATerminalThenTheLineIsRewrittenAndCleared()
    {
        using var error = new StringWriter();
        var line = new ProgressLine(error, enabled: true);
        line.Report("lines", 5, 10);
        line.Report("too soon");
        line.Clear();
        Assert.Equal("\rlines: 5 of 10 (50 %)\r" + new string(' ', 21) + "\r", error.ToString());
    }
}
