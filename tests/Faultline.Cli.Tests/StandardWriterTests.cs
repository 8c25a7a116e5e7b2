namespace Faultline.Cli.Tests;

public class StandardWriterTests
{
    [Fact]
    public void WhenStandardOutputIsFullThenItIsTheOutputThatCannotBeCreated()
    {
        using var full = Full();
        var output = StandardWriter.Output(new StreamWriter(full) { AutoFlush = true });
        var failure = Assert.Throws<CommandException>(() => output.Write("text"));
        Assert.Equal(ExitCode.CannotCreate, failure.ExitCode);
        Assert.StartsWith("cannot write to standard output", failure.Message);
    }

    [Fact]
    public void WhenStandardErrorIsFullThenTheExitCodeIsStillThatOfTheCause()
    {
        using var full = Full();
        using var interrupts = new Interrupts();
        using var error = new StreamWriter(full) { AutoFlush = true };
        var context = new CliContext(TextWriter.Null, StandardWriter.Error(error), errorIsTerminal: false, interrupts);
        Assert.Equal(ExitCode.NoInput, CommandLine.Run(["info", "/nonexistent/x.fltrace"], context));
    }

    [Fact]
    public void WhenThereIsRoomThenEverythingArrivesInOrder()
    {
        using var output = new StringWriter();
        var writer = StandardWriter.Output(output);
        writer.Write('a');
        writer.Write("bc");
        writer.Write(['d', 'e', 'f'], 1, 1);
        writer.WriteLine(3);
        writer.Flush();
        Assert.Equal("abce3" + Environment.NewLine, output.ToString());
    }

    private static FileStream Full() => new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
}
