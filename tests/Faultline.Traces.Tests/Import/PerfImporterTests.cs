using System.Text;
using Faultline.Traces.Import;
using ZstdSharp;
using static Faultline.Traces.Tests.Perf;

namespace Faultline.Traces.Tests;

public class PerfImporterTests
{
    private const string Fault = "exceptions:page_fault_user: address=0x1000 ip=0x2000 error_code=0x6";

    [Fact]
    public void WhenLinesAreNotTheProgramsThenTheyAreCountedApart()
    {
        var recording = ImportLines(
            Line(0, "PERF_RECORD_MMAP -1/0: [0xffffffff81000000(0x120bb08) @ 0xffffffff81000000]: x [kernel.kallsyms]_text", tid: 0, pid: 0, name: "swapper"),
            Line(0, "PERF_RECORD_COMM: perf-exec:22009/22009", tid: 0, pid: 0, name: "perf-exec"),
            Line(1, Fault, tid: 5, pid: 5, name: "perf-exec"),
            Line(1, Fault, tid: -1, pid: -1),
            Line(2, Fault));
        Assert.Single(recording.Events.ToArray());
        Assert.Equal(4, recording.Totals.NotTheProgram);
    }

    [Fact]
    public void WhenEventsAreUnknownThenTheyAreCountedByName()
    {
        var recording = ImportLines(
            Line(1, "sched:sched_switch: prev_comm=a prev_pid=1"), Line(2, "sched:sched_switch: x"),
            Line(3, "syscalls:sys_enter_futex: uaddr: 0x0"), Line(4, "PERF_RECORD_SWITCH OUT"), Line(5, Fault));
        Assert.Equal(2, recording.Totals.Ignored["sched:sched_switch"]);
        Assert.Equal(1, recording.Totals.Ignored["syscalls:sys_enter_futex"]);
        Assert.Equal(1, recording.Totals.Ignored["PERF_RECORD_SWITCH"]);
    }

    [Fact]
    public void WhenEventsWereLostThenTheyAreCountedWhoeverRan()
    {
        var recording = ImportLines(
            Line(1, "PERF_RECORD_LOST lost 253", tid: 0, pid: 0, name: "swapper"),
            Line(2, "PERF_RECORD_LOST_SAMPLES lost 7"), Line(3, Fault));
        Assert.Equal(260, recording.Totals.Lost);
        Assert.Equal((EventKind.Lost, 253L, TraceEvent.NoSpace), (recording[0].Kind, recording[0].Lost.Count, recording[0].Space));
        Assert.Equal(0, recording[2].Space);
    }

    [Fact]
    public void WhenALineGoesBackInTimeThenItGetsTheTimeBeforeItAndIsCounted()
    {
        var recording = ImportLines(Line(5, Fault), Line(3, Fault), Line(6, Fault));
        Assert.Equal([5L, 5, 6], recording.Events.ToArray().Select(e => e.Time));
        Assert.Equal(1, recording.Totals.OutOfOrder);
    }

    [Theory]
    [InlineData("1/2 [000] 3")]
    [InlineData("C1 CompilerThre")]
    [InlineData("a: b")]
    public void WhenANameLooksLikeIdsThenTheIdsAreStillFound(string name)
    {
        var recording = ImportLines(Line(5, Fault, tid: 77, name: name));
        Assert.Equal((77, 5L), (recording[0].ThreadId, recording[0].Time));
    }

    [Fact]
    public void WhenTheTextIsCompressedThenItIsUnpackedWithoutBeingAsked()
    {
        using var compressor = new Compressor();
        var packed = compressor.Wrap(Encoding.UTF8.GetBytes(Line(5, Fault) + "\n")).ToArray();
        Assert.Equal(5, ImportLines(packed)[0].Time);
    }

    [Fact]
    public void WhenCompressedTextIsCutOffOrDamagedThenThatIsTheMessage()
    {
        using var compressor = new Compressor();
        var lines = string.Concat(Enumerable.Range(1, 5000).Select(i => Line(i * 7919L, Fault) + "\n"));
        var packed = compressor.Wrap(Encoding.UTF8.GetBytes(lines)).ToArray();
        Assert.Contains("truncated", Assert.Throws<TraceFormatException>(() => ImportLines(packed[..(packed.Length / 2)])).Message);

        packed[packed.Length / 2] ^= 0xff;
        Assert.Throws<TraceFormatException>(() => ImportLines(packed));
    }

    [Fact]
    public void WhenTheLastLineHasNoEndThenTheInputIsTruncated()
    {
        var error = ImportFails(Line(1, Fault) + "\n" + Line(2, "exceptions:page_fault_user: address=0x1000 ip=0x20"));
        Assert.Contains("truncated in line 2", error.Message);
    }

    [Theory]
    [InlineData("not an event at all", "line 2 is not an event")]
    [InlineData("\t    7f12 main (/bin/app)", "line 2 is not an event")]
    [InlineData("   app 10/10 [000] 1.000000001: exceptions:page_fault_user: address=0x1000 ip=", "line 2 has the event exceptions:page_fault_user, which cannot be read")]
    [InlineData("   app 10/10 [000] 1.000000001: syscalls:sys_enter_munmap: addr: 0x1000", "line 2 has the event syscalls:sys_enter_munmap")]
    [InlineData("   app 10/10 [000] 1.000000001: syscalls:sys_exit_munmap: ", "line 2 has the event syscalls:sys_exit_munmap")]
    [InlineData("   app 10/10 [000] 1.000000001: PERF_RECORD_MMAP2 10/10: [0x1000(0x1000) @ 0 fe:00 5 0]: r?xp /x", "line 2 has the event PERF_RECORD_MMAP2")]
    [InlineData("   app 10/10 [000] 1.000000001: PERF_RECORD_FORK(10:11)", "line 2 has the event PERF_RECORD_FORK")]
    [InlineData("   app 10/10 [000] 1.000000001: task:task_newtask: pid=11 comm=x", "line 2 has the event task:task_newtask")]
    public void WhenALineCannotBeReadThenItsNumberIsNamed(string line, string expected)
    {
        Assert.Contains(expected, ImportFails(Line(1, Fault) + "\n" + line + "\n").Message);
    }

    [Fact]
    public void WhenNothingIsTheProgramsThenThatIsTheMessage() =>
        Assert.Contains("no event of a program", ImportFails("# started on: today\n\n").Message);

    [Fact]
    public void WhenALineHasNoEndAtAllThenItIsRefusedEarly() =>
        Assert.Contains("longer than any event", ImportFails(new string('x', 3 << 20)).Message);

    [Fact]
    public void WhenALongCallHoldsBackManyEventsThenNoneIsLostOrMoved()
    {
        var recording = ImportLines([
            Line(1, "syscalls:sys_enter_munmap: addr: 0x1000, len: 0x1000", tid: 11),
            .. Enumerable.Range(0, 5000).Select(i => Line(2 + i, Fault)),
            Line(9000, "syscalls:sys_exit_munmap: 0x0", tid: 11)]);
        Assert.Equal(5001, recording.Events.Length);
        Assert.Equal(9000, recording[0].Call.ExitTime);
        Assert.Equal(Enumerable.Range(2, 5000).Select(t => (long)t), recording.Events[1..].ToArray().Select(e => e.Time));
    }

    [Fact]
    public void WhenTheImportIsCancelledThenItStops()
    {
        var lines = string.Concat(Enumerable.Range(1, 10_000).Select(i => Line(i, Fault) + "\n"));
        Assert.Throws<OperationCanceledException>(() => PerfImporter.Import(new MemoryStream(Encoding.UTF8.GetBytes(lines)), new MemoryStream(),
            new TraceHeader { CreatedBy = "", Source = "" }, null, new CancellationToken(true)));
    }

    [Theory]
    [InlineData("ebizzy-mTt4.perf.txt.zst", "ebizzy-mTt4.fltrace")]
    [InlineData("java-threads.perf.txt.zst", "java-threads.fltrace")]
    public void WhenASharedTextIsImportedThenItEqualsTheShippedRecording(string text, string shipped)
    {
        var path = Samples.Shared(text);
        Assert.SkipWhen(path == null, "this checkout has no ../shared/traces");
        var imported = Recording.Load(path!);
        var expected = Recording.Load(Samples.Named(shipped));
        Assert.Equal(expected.Totals.Events, imported.Totals.Events);
        Assert.Equal(0, imported.Totals.Lost + imported.Totals.UnfinishedCalls + imported.Totals.Ignored.Count);
        for (var i = 0; i < expected.Events.Length; i++) Assert.True(Events.Bytes(expected[i]).SequenceEqual(Events.Bytes(imported[i])), $"event {i} differs");
    }

    [Fact]
    public void WhenManyProcessesAreImportedThenEveryExecHasItsSpaceAndItsImage()
    {
        var path = Samples.Shared("make-cc-j1.perf.txt.zst");
        Assert.SkipWhen(path == null, "this checkout has no ../shared/traces");
        var recording = Recording.Load(path!);
        var execs = recording.Events.ToArray().Where(e => e.Kind == EventKind.Exec).ToList();
        Assert.Equal((181, 181), (execs.Count, recording.SpaceCount));
        Assert.All(execs, e => Assert.True(recording.MappingsOf(e.Index).Length >= 5));
        Assert.Equal(181, recording.Events.ToArray().Count(e => e.Kind == EventKind.Exit && e.Exit.GroupDead));
    }

    [Fact]
    public void WhenThereIsNoEventThenOnlyAnInterruptedRecordingIsNotToBlame()
    {
        const string Idle = "         swapper     0/0     [000]     1.000000000: PERF_RECORD_COMM: perf-exec:1/1\n";
        Assert.Contains("holds no event", ImportFails(Idle).Message);

        var interrupted = new TraceHeader { CreatedBy = "test", Source = "test", Interrupted = true };
        Assert.Throws<OperationCanceledException>(() => PerfImporter.Import(new MemoryStream(Encoding.UTF8.GetBytes(Idle)), new MemoryStream(), interrupted));
    }
}
