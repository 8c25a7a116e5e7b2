using CsCheck;

namespace Faultline.Traces.Tests;

public class RoundTripTests
{
    [Fact]
    public void WhenAnyEventsAreWrittenThenTheSameEventsAreRead() => Events.Many.Sample(written =>
    {
        using var reader = TraceReader.Open(new MemoryStream(Events.Write(written)));
        for (var i = 0; i < written.Length; i++)
        {
            Assert.True(reader.Read());
            var read = reader.Current;
            var expected = written[i].Event;

            // What the reader adds, and texts, which have an order of their own in the file.
            (expected.Index, expected.Space) = (i, read.Space);
            if (read.Kind == EventKind.Exec) expected.Exec.PreviousSpace = read.Exec.PreviousSpace;
            if (read.Kind == EventKind.Fork) expected.Fork.ChildSpace = read.Fork.ChildSpace;
            ref var text = ref Events.StringOf(ref expected, out var has);
            if (has && text >= 0)
            {
                text = Events.StringOf(ref read, out _);
                Assert.Equal(written[i].Text, reader.Strings[text]);
            }
            Assert.Equal(Events.Bytes(expected), Events.Bytes(read));
        }
        Assert.False(reader.Read());
        Assert.False(reader.Read());
        Assert.Equal(written.Length, reader.Totals.Events);
    }, iter: 300);

    [Fact]
    public void WhenHeaderAndTotalsAreWrittenThenTheSameAreRead()
    {
        var header = new TraceHeader
        {
            CreatedBy = "faultline 1",
            Source = "perf record",
            CommandLine = ["./a b", "\"ü\""],
            ExitCode = 137,
            Interrupted = true,
            Machine = MachineFacts.OfThisMachine(),
        };
        var totals = new TraceTotals { Lost = 3, UnfinishedCalls = 1, Ignored = new Dictionary<string, long> { ["a:b"] = 2 } };
        var file = new MemoryStream();
        using (var writer = new TraceWriter(file, header)) writer.Complete(totals);

        using var reader = TraceReader.Open(file);
        Assert.False(reader.Read());
        Assert.Equal(header.CommandLine, reader.Header.CommandLine);
        Assert.Equal(header with { CommandLine = [] }, reader.Header with { CommandLine = header.CommandLine.Count == 2 ? [] : null! });
        Assert.Equal((3, 1, 2), (reader.Totals.Lost, reader.Totals.UnfinishedCalls, reader.Totals.Ignored["a:b"]));
    }

    [Fact]
    public void WhenMoreEventsAreWrittenThanABlockHoldsThenAllAreRead()
    {
        const int Count = 3 * Format.FileLayout.EventsPerBlock + 5;
        var written = new (TraceEvent, string)[Count];
        for (var i = 0; i < Count; i++)
        {
            written[i] = (new TraceEvent
            {
                Kind = EventKind.Fault,
                Time = i,
                ProcessId = 1,
                ThreadId = 1 + i % 7,
                Fault = new FaultData { Address = (ulong)i << 12, Instruction = 5, Symbol = -1 },
            }, "");
        }
        var recording = Recording.Load(TraceReader.Open(new MemoryStream(Events.Write(written))));
        Assert.Equal(Count, recording.Events.Length);
        for (var i = 0; i < Count; i++) Assert.Equal(((ulong)i << 12, 1 + i % 7), (recording[i].Fault.Address, recording[i].ThreadId));
    }

    [Fact]
    public void WhenAnEventIsOlderThanTheOneBeforeItThenItIsRefused()
    {
        using var writer = new TraceWriter(new MemoryStream(), new TraceHeader { CreatedBy = "", Source = "" });
        var e = new TraceEvent { Kind = EventKind.Exit, Time = 5 };
        writer.Write(e);
        e.Time = 4;
        Assert.Throws<ArgumentException>(() => writer.Write(e));
    }

    [Fact]
    public void WhenEventsAreReadThenNothingIsAllocatedForThem()
    {
        using var reader = TraceReader.Open(Samples.Named("ebizzy-mTt4.fltrace"));
        while (reader.Current.Index < 100_000) Assert.True(reader.Read()); // buffers and tables have grown
        var before = GC.GetAllocatedBytesForCurrentThread();
        while (reader.Current.Index < 300_000) Assert.True(reader.Read());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 199_999); // per block a little, less than a byte an event
    }
}
