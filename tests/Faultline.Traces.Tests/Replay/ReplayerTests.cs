using static Faultline.Traces.Tests.Replay.Script;

namespace Faultline.Traces.Tests.Replay;

public class ReplayerTests
{
    private const ulong A = 0x7f0000000000, Chunk = 0x10000;

    public static TheoryData<string> Recordings => ["ebizzy-mTt4.fltrace", "fork.fltrace", "java-threads.fltrace", "threads.fltrace"];

    [Theory]
    [MemberData(nameof(Recordings))]
    public void WhenASampleIsReplayedThenItAgreesUnderEveryDesign(string name) => AssertAgrees(Recording.Load(Samples.Named(name)));

    [Theory]
    [InlineData("ebizzy-mTt4.perf.txt.zst")]
    [InlineData("java-threads.perf.txt.zst")]
    [InlineData("make-cc-j1.perf.txt.zst")]
    public void WhenASharedRecordingIsReplayedThenItAgreesUnderEveryDesign(string name)
    {
        if (Samples.Shared(name) is not { } path) Assert.Skip("the shared recordings are not beside this checkout");
        else AssertAgrees(Recording.Load(path));
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public void WhenCallsAreOrderedThenUnhintedMapsFindTheirRecordedPlaces(string name)
    {
        ReplayReport report = Replayer.Run(Recording.Load(Samples.Named(name)), new ReplayOptions { OrderCalls = true, Designs = [FaultDesign.AreaSequence] });
        Assert.True(report.OrderedCalls);
        Assert.All(report.Designs[0].Agreement.Where(agreement => agreement.Kind != AgreementKind.FileFaults), agreement => Assert.Equal(100, agreement.Percent));
        Assert.Equal(100, report.Designs[0].Agreement[(int)AgreementKind.Placement].Percent);
    }

    /// <summary>A recording may say anything: Linux returns neither.</summary>
    [Theory]
    [InlineData(A + 123)]
    [InlineData(0xffff_ffff_ffff_f000)]
    public void WhenARecordedPlaceCannotBeThenTheReplayEndsAndAllFramesAreHome(ulong place)
    {
        ReplayReport report = Replayer.Run(new Script().Map(10, 1, 2, place, Chunk).Fault(10, 3, A, Write).Import());
        Assert.All(report.Designs, design => Assert.Equal(0, design.FramesLost));
    }

    [Fact]
    public void WhenEverySpaceIsGoneThenAllFramesAreHome()
    {
        ReplayReport report = Replayer.Run(new Script().Map(10, 1, 2, A, Chunk).Fault(10, 3, A, Write).Fork(10, 4, 20).Fault(20, 5, A, WriteProtected).Import());
        Assert.Equal(3, report.Operations - 1);
        Assert.Equal((2, 2), (report.Threads, report.Spaces));
        Assert.All(report.Designs, design => Assert.Equal((0L, 2L), (design.FramesLost, design.Faults.Resolved)));
    }

    [Fact]
    public void WhenAForkedChildDoesNothingThenItsSpaceGoesToo()
    {
        ReplayReport report = Replayer.Run(new Script().Map(10, 1, 2, A, Chunk).Fault(10, 3, A, Write).Fork(10, 4, 20).Fault(10, 5, A, WriteProtected).Import());
        Assert.All(report.Designs, design => Assert.Equal(0, design.FramesLost));
        Assert.Equal(100, report.LowestAgreement);
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(-12, 0)]
    public void WhenMemoryIsSynchronisedThenTheResultIsCompared(long result, int percent)
    {
        ReplayReport report = Replayer.Run(new Script().Map(10, 1, 2, A, Chunk).Call(10, 3, 4, "msync", result, A, Chunk, 4).Import());
        Assert.Empty(report.NotReplayed);
        Assert.All(report.Designs, design => Assert.Equal(50 + (percent / 2), design.Agreement[(int)AgreementKind.Calls].Percent));
    }

    [Fact]
    public void WhenTheDesignIsSpeculativeThenItsShareIsReportedAndTheShortCutTurnsItOff()
    {
        Recording recording = new Script().Map(10, 1, 2, A, Chunk).Fault(10, 3, A, Write).Fault(10, 4, A + 0x1000, Write).Import();
        ReplayReport plain = Replayer.Run(recording);
        Assert.Equal([(FaultDesign.Classic, 0L), (FaultDesign.AreaSequence, 2L)], plain.Designs.Select(d => (d.Design, d.Faults.Speculative)));

        ReplayReport shortCut = Replayer.Run(recording, new ReplayOptions { Designs = [FaultDesign.AreaSequence], ShortCut = true });
        Assert.Equal(0, shortCut.Designs[0].Faults.Speculative);
        Assert.True(shortCut.Designs[0].ShortCut);
    }

    [Fact]
    public void WhenDesignsAreComparedThenEachIsWarmedUpAndOnlyItsOwnRunIsCounted()
    {
        Recording recording = new Script().Map(10, 1, 2, A, Chunk).Fault(10, 3, A, Write).Fault(10, 4, A + 0x1000, Write).Import();
        ReplayReport compared = Replayer.Run(recording);
        Assert.Equal((3, 9), (compared.Operations, compared.WarmUpOperations));
        Assert.All(compared.Designs, design => Assert.Equal((2, 2), (design.Faults.Resolved, design.Latency.Count)));
        Assert.Equal(0, Replayer.Run(recording, new ReplayOptions { Designs = [FaultDesign.Classic] }).WarmUpOperations);
    }

    [Fact]
    public void WhenMemoryIsTooSmallThenTheReplayEndsWithTheCure()
    {
        Recording recording = Recording.Load(Samples.Named("threads.fltrace"));
        var exception = Assert.Throws<ReplayException>(() => Replayer.Run(recording, new ReplayOptions { Frames = 100 }));
        Assert.Equal(ReplayFailure.OutOfMemory, exception.Failure);
        Assert.Contains("100 frames", exception.Message, StringComparison.Ordinal);
        Assert.Contains("--memory", exception.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenItIsCancelledThenItStops()
    {
        using var cancel = new CancellationTokenSource();
        Recording recording = new Script().Clone(10, 1, 11).Map(10, 2, 3, A, Chunk).Fault(11, 3_600_000_000_000, A, Write).Import();
        cancel.CancelAfter(50);
        Assert.ThrowsAny<OperationCanceledException>(() => Replayer.Run(
            recording, new ReplayOptions { Paced = true, Designs = [FaultDesign.Classic] }, cancellation: cancel.Token));
    }

    [Fact]
    public void WhenItIsPacedThenTheRecordedGapsAreKept()
    {
        const long Gap = 30_000_000;
        Recording recording = new Script().Map(10, 1, 2, A, Chunk).Fault(10, Gap, A, Write).Fault(10, 2 * Gap, A + 0x1000, Write).Import();
        ReplayReport report = Replayer.Run(recording, new ReplayOptions { Paced = true, Designs = [FaultDesign.Classic] });
        Assert.True(report.Designs[0].WallNanoseconds >= 2 * Gap - 2, $"{report.Designs[0].WallNanoseconds} ns");
    }

    [Fact]
    public void WhenEventsWereLostThenAgreementIsNotClaimed()
    {
        ReplayReport report = Replayer.Run(new Script().Map(10, 1, 2, A, Chunk).Lost(3).Fault(10, 4, A, Write).Import());
        Assert.False(report.IsAgreementClaimed);
        Assert.Equal(7, report.LostEvents);
    }

    private static void AssertAgrees(Recording recording)
    {
        ReplayReport report = Replayer.Run(recording);
        Assert.Equal([FaultDesign.Classic, FaultDesign.AreaSequence], report.Designs.Select(design => design.Design));
        Assert.True(report.LowestAgreement >= 99.5, $"{report.LowestAgreement} %");
        Assert.All(report.Designs, design => Assert.Equal(0, design.FramesLost));
        Assert.True(report.Designs[1].Faults.SpeculativeShare > 0.6);
        Assert.Equal(0, report.Designs[0].Faults.Speculative);

        // Every disagreement about files is the known one.
        Assert.All(report.Designs.SelectMany(d => d.Agreement).Where(a => a.Kind == AgreementKind.FileFaults),
            files => Assert.All(files.Disagreements, c => Assert.NotNull(c.Explanation)));
    }
}
