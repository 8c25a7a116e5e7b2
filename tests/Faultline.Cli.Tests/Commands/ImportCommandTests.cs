namespace Faultline.Cli.Tests.Commands;

public class ImportCommandTests
{
    internal const string Text =
        """
                     app    10/10    [000]     1.000000000: syscalls:sys_enter_munmap: addr: 0x1000, len: 0x1000
                     app    10/10    [000]     1.000000100: syscalls:sys_exit_munmap: 0x0
                     app    10/10    [000]     1.000000200: PERF_RECORD_LOST lost 253

        """;

    [Fact]
    public void WhenTextIsImportedThenTheRecordingHoldsItAndLossesAreSaid()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["p.txt"], Text);
        var run = Cli.Run("import", folder["p.txt"], "-o", folder["p.fltrace"]);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Contains("2 events", run.Output);
        Assert.Contains("253 events were lost", run.Error);
        Assert.Equal(["p.fltrace", "p.txt"], folder.Names.Order());
    }

    [Theory]
    [InlineData("", ExitCode.BadData, "the input is empty")]
    [InlineData("garbage\n", ExitCode.BadData, "line 1 is not an event, so this is neither a Faultline recording nor text of perf script")]
    [InlineData("   app 10/10 [000] 1.000000000: syscalls:sys_en", ExitCode.BadData, "truncated in line 1")]
    public void WhenTheTextCannotBeReadThenNothingIsLeft(string text, int exitCode, string message)
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["p.txt"], text);
        var run = Cli.Run("import", folder["p.txt"], "-o", folder["p.fltrace"]);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(message, run.Error);
        Assert.Equal(["p.txt"], folder.Names);
    }

    [Fact]
    public void WhenTheOutputCannotBeCreatedThenThatIsTheMessage()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["p.txt"], Text);
        var run = Cli.Run("import", folder["p.txt"], "-o", folder["missing/p.fltrace"]);
        Assert.Equal(ExitCode.CannotCreate, run.ExitCode);
        Assert.StartsWith("faultline: cannot write", run.Error);
        Assert.Contains("its folder does not exist", run.Error);
        Assert.DoesNotContain(".tmp", run.Error);
    }

    [Fact]
    public void WhenTheInputIsARecordingThenThereIsNothingToImport()
    {
        using var folder = new TestFolder();
        var run = Cli.Run("import", TestFolder.Sample("fork.fltrace"), "-o", folder["p.fltrace"]);
        Assert.Equal(ExitCode.BadData, run.ExitCode);
        Assert.Contains("is a recording already", run.Error);
        Assert.Empty(folder.Names);
    }

    [Fact]
    public void WhenTheImportIsInterruptedThenNothingIsLeft()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["p.txt"], string.Concat(Enumerable.Repeat(Text.TrimEnd() + "\n", 3000)));
        var run = Cli.Run(new CancellationToken(true), "import", folder["p.txt"], "-o", folder["p.fltrace"]);
        Assert.Equal(ExitCode.Interrupted, run.ExitCode);
        Assert.EndsWith("interrupted. Nothing was written." + Environment.NewLine, run.Error, StringComparison.Ordinal);
        Assert.Equal(["p.txt"], folder.Names);
    }
}
