using System.Text.Json;
using System.Text.RegularExpressions;

namespace Faultline.Cli.Tests.Commands;

public class ReplayCommandTests
{
    private static readonly string s_sample = TestFolder.Sample("fork.fltrace");

    [Fact]
    public void WhenASampleIsReplayedThenBothDesignsAreReported()
    {
        var cli = Cli.Run("replay", s_sample, "--require-agreement", "99.5");
        Assert.Equal((ExitCode.Ok, ""), (cli.ExitCode, cli.Error));
        foreach (var word in (string[])["Classic", "AreaSequence", "speculative share", "AnonymousFaults", "wall time"])
            Assert.Contains(word, cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenAllDesignsAreAskedForThenOneTableHasEveryLegalPair()
    {
        var cli = Cli.Run("replay", s_sample, "--design", "all", "--require-agreement", "99.5");
        Assert.Equal((ExitCode.Ok, ""), (cli.ExitCode, cli.Error));
        string[] lines = cli.Output.Split('\n');
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 120));
        string[] heads = lines.Single(line => line.Contains("AreaLock", StringComparison.Ordinal) && line.Contains("AreaSeq ", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["Classic", "Classic", "AreaSeq", "AreaSeq", "SpaceSeq", "SpaceSeq", "AreaLock"], heads);
        Assert.Single(lines, line => line.StartsWith("  faults ", StringComparison.Ordinal) && line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 8);
    }

    [Fact]
    public void WhenAllDesignsAreAskedForAsJsonThenEachPairIsReportedWithItsDiagnosis()
    {
        var cli = Cli.Run("replay", s_sample, "--design", "all", "--json");
        var designs = JsonDocument.Parse(cli.Output).RootElement.GetProperty("report").GetProperty("designs").EnumerateArray().ToList();
        Assert.Equal(
            DesignPair.All.Select(pair => (pair.Design.ToString(), pair.WriterLock.ToString())),
            designs.Select(d => (d.GetProperty("design").GetString()!, d.GetProperty("writerLock").GetString()!)));
        Assert.All(designs, d => Assert.True(d.GetProperty("faults").TryGetProperty("failedNanoseconds", out _)));
        Assert.All(designs, d => Assert.All(d.GetProperty("lock").GetProperty("calls").EnumerateArray(), c => Assert.True(c.TryGetProperty("heldNanoseconds", out _))));
    }

    [Theory]
    [InlineData("area-lock", "mmap", 1)]
    [InlineData("classic", "range", 1)]
    [InlineData("both", "range", 2)]
    [InlineData("all", "range", 3)]
    [InlineData("all", "mmap", 4)]
    public void WhenAWriterLockIsNamedThenTheDesignsThatAreLegalWithItAreReplayed(string design, string writerLock, int count)
    {
        var cli = Cli.Run("replay", s_sample, "--design", design, "--writer-lock", writerLock, "--json");
        var designs = JsonDocument.Parse(cli.Output).RootElement.GetProperty("report").GetProperty("designs").EnumerateArray().ToList();
        Assert.Equal(count, designs.Count);
        Assert.All(designs, d => Assert.StartsWith(writerLock, d.GetProperty("writerLock").GetString(), StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void WhenDesignAndWriterLockExcludeEachOtherThenItIsWrongUsage()
    {
        var cli = Cli.Run("replay", s_sample, "--design", "area-lock", "--writer-lock", "range");
        Assert.Equal((ExitCode.Usage, ""), (cli.ExitCode, cli.Output));
        Assert.Contains("--design area-lock and --writer-lock range exclude each other", cli.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("syscalls:sys_enter_msync: start: 0x1000, len: 0x1000, flags: 0x0", "nothing that could agree")]
    [InlineData("PERF_RECORD_LOST lost 253", "253 events were lost")]
    public void WhenAgreementCannotBeToldThenRequiringItIsInconclusive(string line, string reason)
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["p.txt"], $"   app    10/10    [000]     1.000000000: {line}\n");
        var cli = Cli.Run("replay", folder["p.txt"], "--require-agreement", "0");
        Assert.Equal(ExitCode.Inconclusive, cli.ExitCode);
        Assert.Contains(reason, cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenThreadsWaitedThenTheTableSaysBehindWhomWithinTheWidthOfATerminal()
    {
        var cli = Cli.Run("replay", TestFolder.Sample("ebizzy-mTt4.fltrace"), "--design", "classic");
        Assert.Contains("who waited for locks behind whom", cli.Output, StringComparison.Ordinal);
        Assert.All(cli.Output.Split('\n'), line => Assert.InRange(line.Length, 0, 120));
    }

    [Fact]
    public void WhenMoreAgreementIsRequiredThanThereIsThenItIsAFinding()
    {
        // No kernel refuses to unmap nothing.
        using var folder = new TestFolder();
        File.WriteAllText(folder["perf.txt"], """
                         app    10/10    [000]     1.000000000: syscalls:sys_enter_munmap: addr: 0x1000, len: 0x1000
                         app    10/10    [000]     1.000001000: syscalls:sys_exit_munmap: 0xffffffffffffffea

            """);
        var cli = Cli.Run("replay", folder["perf.txt"], "--require-agreement", "99.5");
        Assert.Equal(ExitCode.Finding, cli.ExitCode);
        Assert.Contains("less than the 99.5 % required.", cli.Error, StringComparison.Ordinal);
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
    public void WhenFaultsDisagreeThenBothSidesAreListedInTheSameWords()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["perf.txt"], """
                         app    10/10    [000]     1.000000001: syscalls:sys_enter_mmap: addr: 0x0, len: 0x6000, prot: 0x3, flags: 0x22, fd: 0xffffffff, off: 0x0
                         app    10/10    [000]     1.000000002: syscalls:sys_exit_mmap: 0x7f0592b4c000
                         app    10/10    [000]     1.000000003: exceptions:page_fault_user: address=0x7f0592b4c8d0 ip=0x1000 error_code=0x7

            """);
        var cli = Cli.Run("replay", folder["perf.txt"], "--design", "classic", "--list", "1");
        Assert.Contains("Classic, AnonymousFaults: 1 of 1 disagree", cli.Output, StringComparison.Ordinal);
        Assert.Contains("Linux: user write, present without the right at 0x7f0592b4c8d0", cli.Output, StringComparison.Ordinal);
        Assert.Contains("here:  absent, resolved, in 7f0592b4c000-7f0592b52000 rw-p", cli.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("who waited", cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenMemoryIsTooSmallThenTheCureIsNamed()
    {
        var cli = Cli.Run("replay", s_sample, "--memory", "1");
        Assert.Equal((ExitCode.UnsupportedHost, ""), (cli.ExitCode, cli.Output));
        Assert.Contains("256 frames (1 MiB)", cli.Error, StringComparison.Ordinal);
        var cure = Regex.Match(cli.Error, @"Give it more with --memory: (\d+) MiB suffice in any case\.$", RegexOptions.Multiline);
        Assert.Equal(ExitCode.Ok, Cli.Run("replay", s_sample, "--memory", cure.Groups[1].Value).ExitCode);
    }

    [Fact]
    public void WhenTheRecordingSaysWhatCannotBeThenItIsBadData()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["perf.txt"], """
                         app    10/10    [000]     1.000000001: syscalls:sys_enter_execve: filename: 0x1, argv: 0x2, envp: 0x3
                         app    10/10    [000]     1.000000002: PERF_RECORD_COMM exec: app:10/10
                         app    10/10    [000]     1.000000003: PERF_RECORD_MMAP2 10/10: [0xffffffffffff0000(0x1000) @ 0x0 fe:00 1 0]: r-xp /app
                         app    10/10    [000]     1.000000004: sched:sched_process_exec: filename=/app pid=10 old_pid=10
                         app    10/10    [000]     1.000000005: syscalls:sys_exit_execve: 0x0

            """);
        var cli = Cli.Run("replay", folder["perf.txt"]);
        Assert.Equal((ExitCode.BadData, ""), (cli.ExitCode, cli.Output));
        Assert.Contains("an image's mapping cannot be made", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenItIsInterruptedThenNothingIsSaidOfWriting()
    {
        var cli = Cli.Run(new CancellationToken(true), "replay", s_sample);
        Assert.Equal((ExitCode.Interrupted, ""), (cli.ExitCode, cli.Output));
        Assert.Equal("faultline: interrupted. Run it again to see a result." + Environment.NewLine, cli.Error);
    }
}
