namespace Faultline.Cli.Tests;

public class TrimmedWriterTests
{
    private static readonly string s_fork = TestFolder.Sample("fork.fltrace");

    [Fact]
    public void WhenBlanksStandBeforeALinesEndThenTheyAreLeftOutHoweverTheyAreWritten()
    {
        using var inner = new StringWriter();
        using var writer = new TrimmedWriter(inner);
        writer.Write(" a ");
        writer.Write(' ');
        writer.Write("b  \n  \n\n c ");
        writer.Write(['d', ' '], 0, 2);
        writer.Write('\n');
        Assert.Equal(" a  b\n\n\n c d\n", inner.ToString());
    }

    [Fact]
    public void WhenACommandPrintsThenNoLineEndsInABlank()
    {
        string[][] commands =
        [
            ["info", s_fork], ["info", s_fork, "--json"],
            ["maps", s_fork, "--explain"], ["maps", s_fork, "--space", "1", "--explain"],
            ["replay", s_fork, "--list", "5"],
            ["bench", "--list"], ["bench", "designs", "--list"], ["bench", "kernbench", s_fork, "--list"],
            ["bench", "brk1", "--threads", "1", "--count", "40", "--samples", "1"],
            .. CommandsWithHelp("--help"),
        ];
        foreach (string[] command in commands)
        {
            var run = Cli.Run(command);
            Assert.Equal(ExitCode.Ok, run.ExitCode);
            Assert.NotEmpty(run.Output);
            Assert.All(run.Output.Split('\n').Concat(run.Error.Split('\n')), line => Assert.Equal(line.TrimEnd(), line));
        }
    }

    private static IEnumerable<string[]> CommandsWithHelp(string help) =>
        [[help], .. ((string[])["record", "import", "info", "maps", "replay", "bench"]).Select(verb => (string[])[verb, help]), ["bench", "ebizzy", help]];
}
