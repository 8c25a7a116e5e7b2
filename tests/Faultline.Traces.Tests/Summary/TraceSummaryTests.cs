using static Faultline.Traces.Tests.Perf;

namespace Faultline.Traces.Tests;

public class TraceSummaryTests
{
    [Fact]
    public void WhenARecordingIsSummarisedThenTheCountsAreThoseOfASlowRecount()
    {
        var recording = Recording.Load(Samples.Named("threads.fltrace"));
        using var reader = TraceReader.Open(Samples.Named("threads.fltrace"));
        var summary = TraceSummary.Of(reader);
        var events = recording.Events.ToArray();

        Assert.Equal(events.Length, summary.Events.Values.Sum());
        Assert.Equal(events.Count(e => e.Kind == EventKind.Fault), summary.Faults.Sum(f => f.Count));
        Assert.Equal(events.Select(e => e.ThreadId).Distinct().Count(), summary.Threads);
        Assert.Equal(recording.SpaceCount, summary.Spaces);
        var unmaps = events.Where(e => e is { Kind: EventKind.Call, Call.Number: SystemCall.Munmap }).ToList();
        var row = summary.Calls.Single(c => c.Name == "munmap");
        Assert.Equal((unmaps.Count, unmaps.Sum(e => e.Call.ExitTime - e.Time)), (row.Count, row.TotalNanoseconds));
        Assert.Equal(unmaps.Sum(e => (long)e.Call.Arguments[1]), summary.Areas.UnmappedBytes);
    }

    [Fact]
    public void WhenFaultsDifferInClassThenEachClassIsARow()
    {
        var lines = new[] { "6", "6", "7", "14", "0" }.Select((code, i) =>
            Line(i, $"exceptions:page_fault_user: address=0x{i + 1}000 ip=0x2000 error_code=0x{code}"));
        var file = new MemoryStream();
        Faultline.Traces.Import.PerfImporter.Import(
            new MemoryStream(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n")), file, new TraceHeader { CreatedBy = "", Source = "" });
        var summary = TraceSummary.Of(TraceReader.Open(file));
        Assert.Equal(
            [("user write, absent", 2L), ("user write, present without the right", 1), ("user fetch, absent", 1), ("kernel read, absent", 1)],
            summary.Faults.Select(f => (f.Class, f.Count)));
        Assert.Equal(5, summary.Areas.FaultedPages);
    }
}
