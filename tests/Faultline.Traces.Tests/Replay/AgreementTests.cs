using static Faultline.Traces.Tests.Replay.Script;

namespace Faultline.Traces.Tests.Replay;

public class AgreementTests
{
    private const ulong A = 0x7f0000000000, Chunk = 0x10000;

    // Where the engine itself puts the first map of a space whose base is not recorded.
    private const ulong Base = 0x7ffff7fff000;

    private static Script Mapped(ulong rights = 3) => new Script().Map(10, 1, 4, A, Chunk, rights, AnonymousFixed);

    [Fact]
    public void WhenAllIsAsRecordedThenAllAgrees()
    {
        Script script = new Script().Map(10, 1, 4, Base - Chunk, Chunk).Line(10, 2, Base - Chunk, Chunk)
            .Fault(10, 5, Base - Chunk, Read).Fault(10, 6, Base - Chunk, WriteProtected).Fault(10, 7, Base - 0x1000, Write);
        ReplayReport report = Replayer.Run(script.Import());
        Assert.Equal(100, report.LowestAgreement);
        Assert.Equal([1L, 1, 1, 3, 0], report.Designs[0].Agreement.Select(agreement => agreement.Compared));
        Assert.All(report.Designs[0].Agreement, agreement => Assert.Empty(agreement.Disagreements));
    }

    [Fact]
    public void WhenTheSearchFindsAnotherPlaceThenThePlacementDisagreesAndTheAreaIsAtTheRecordedOne()
    {
        Script script = new Script().Map(10, 1, 4, A, Chunk).Line(10, 2, A, Chunk);
        Disagrees(script, AgreementKind.Placement, "another place", 1);
        Assert.Equal(100, Of(script, AgreementKind.Areas).Percent);
        Assert.Equal(100, Replayer.Run(script.Import()).LowestAgreement);
        Assert.Equal(0, Replayer.Run(script.Import(), new ReplayOptions { OrderCalls = true }).LowestAgreement);
    }

    [Fact]
    public void WhenACallFailsOnlyInTheRecordingThenTheResultsDisagree() =>
        Disagrees(new Script().Call(10, 1, 2, "munmap", -22, A, Chunk), AgreementKind.Calls, "munmap: EINVAL in the recording, success here", 1);

    [Fact]
    public void WhenACallFailsOnlyHereThenTheResultsDisagree() =>
        Disagrees(new Script().Call(10, 1, 2, "mprotect", 0, A, Chunk, 1), AgreementKind.Calls, "mprotect: success in the recording, ENOMEM here", 1);

    [Fact]
    public void WhenBothFailAlikeThenTheResultsAgree() =>
        Assert.Equal(100, Of(new Script().Call(10, 1, 2, "mprotect", -12, A, Chunk, 1), AgreementKind.Calls).Percent);

    [Fact]
    public void WhenAMapFailsOnlyInTheRecordingThenItLeavesNothing()
    {
        Script script = new Script().Call(10, 1, 2, "mmap", -12, 0, Chunk, 3, Anonymous, uint.MaxValue, 0).Map(10, 3, 4, Base - Chunk, Chunk);
        Disagrees(script, AgreementKind.Calls, "mmap: ENOMEM in the recording, success here", 1);
        Assert.Equal(100, Of(script, AgreementKind.Placement).Percent);
    }

    [Fact]
    public void WhenTheRecordedPlaceIsTakenThenItIsReplaced()
    {
        Script script = Mapped().Fault(10, 5, A, Write).Map(10, 6, 9, A, Chunk).Fault(10, 10, A, Write);
        Disagrees(script, AgreementKind.Calls, "mmap: the recorded place is not free here", 1);
        Assert.Equal(100, Of(script, AgreementKind.AnonymousFaults).Percent);
    }

    [Theory]
    [InlineData(A, Chunk + 0x1000, "rw-p", "area: another end")]
    [InlineData(A, Chunk, "r--p", "area: other rights")]
    [InlineData(A, Chunk, "rw-s", "area: other rights")]
    [InlineData(A + 0x1000, Chunk - 0x1000, "rw-p", "area: another start")]
    [InlineData(A + 0x1000, Chunk, "rw-p", "area: another start and end")]
    [InlineData(A - 0x1000, Chunk, "rw-p", "area: nothing there")]
    public void WhenALineDiffersThenTheAreaDisagrees(ulong start, ulong length, string rights, string name) =>
        Disagrees(Mapped().Line(10, 2, start, length, rights), AgreementKind.Areas, name, 1);

    [Fact]
    public void WhenALineNamesAFileThenTheAreaMapsItAndItsFaultsCountAsTheFiles()
    {
        Script script = new Script().Call(10, 1, 4, "mmap", (long)A, A, Chunk, 1, 0x12, 3, 0x2000)
            .Line(10, 2, A, Chunk, "r--p", "fe:00 331651 7", "/usr/lib/x", offset: 0x2000).Fault(10, 5, A, Read);
        Assert.Equal((100.0, 1L), (Of(script, AgreementKind.Areas).Percent, Of(script, AgreementKind.FileFaults).Compared));
        Disagrees(
            new Script().Call(10, 1, 4, "mmap", (long)A, A, Chunk, 1, 0x12, 3, 0x2000).Line(10, 2, A, Chunk, "r--p", "fe:00 331651 7", "/usr/lib/x", offset: 0x3000),
            AgreementKind.Areas, "area: another object", 1);
    }

    [Fact]
    public void WhenThePageIsPresentInTheRecordingOnlyThenTheFaultDisagrees() =>
        Disagrees(Mapped().Fault(10, 5, A, WriteProtected), AgreementKind.AnonymousFaults, "present without the right in the recording, absent here", 1);

    [Fact]
    public void WhenThePageIsAbsentInTheRecordingOnlyThenTheFaultDisagrees() =>
        Disagrees(
            Mapped().Fault(10, 5, A, Read).Fault(10, 6, A, Write), AgreementKind.AnonymousFaults, "absent in the recording, present without the right here", 1);

    [Fact]
    public void WhenThePageNeedsNoFaultHereThenTheFaultDisagrees() =>
        Disagrees(
            Mapped().Fault(10, 5, A, Write).Fault(10, 6, A, Read), AgreementKind.AnonymousFaults, "a fault in the recording, present with the right here", 1);

    [Fact]
    public void WhenOnlyTheReplayGetsASignalThenTheFaultDisagrees() =>
        Disagrees(Mapped().Fault(10, 5, A + Chunk, Write), AgreementKind.AnonymousFaults, "resolved in the recording, a signal here", 1);

    [Fact]
    public void WhenOnlyTheRecordingShowsASignalThenTheFaultDisagrees() =>
        Disagrees(Mapped().Fault(10, 5, A, Write).Signal(10, 6, 11), AgreementKind.AnonymousFaults, "a signal in the recording, resolved here", 1);

    [Fact]
    public void WhenBothGetASignalThenTheFaultAgrees() =>
        Assert.Equal(100, Of(Mapped().Fault(10, 5, A + Chunk, Write).Signal(10, 6, 11), AgreementKind.AnonymousFaults).Percent);

    [Fact]
    public void WhenTheRightsForbidTheAccessThenTheSignalAgrees() =>
        Assert.Equal(100, Of(Mapped(rights: 0).Fault(10, 5, A, Write).Fault(10, 6, 8, Read), AgreementKind.AnonymousFaults).Percent);

    [Fact]
    public void WhenThreadsRaceForAPageThenEachAgreesWithWhatTheFirstFound()
    {
        AgreementReport faults = Of(
            new Script().Clone(10, 1, 11).Map(10, 2, 3, A, Chunk).Fault(10, 10, A, Write).Fault(11, 11, A, Write).Fault(10, 20, A + 0x1000, Write),
            AgreementKind.AnonymousFaults);
        Assert.Equal((3L, 3L, 2L), (faults.Compared, faults.Agreed, faults.Raced));
    }

    [Fact]
    public void WhenTheKernelRepeatsAnAccessThenEachAttemptAgreesWithWhatTheFirstFound()
    {
        AgreementReport faults = Of(
            Mapped().Signal(10, 9, 17).KernelFault(10, 10, A, 0x2).KernelFault(10, 11, A, 0x2).KernelFault(10, 12, A, 0x2).Fault(10, 13, A + 0x1000, Write),
            AgreementKind.AnonymousFaults);
        Assert.Equal((4L, 4L, 0L, 3L), (faults.Compared, faults.Agreed, faults.Raced, faults.Repeated));
    }

    [Theory]
    [InlineData(0x1000, 0x2, 0x2)]
    [InlineData(0, 0x0, 0x2)]
    public void WhenTwoKernelAccessesDifferThenTheyAreNoRepetition(ulong offset, int first, int second) =>
        Assert.Equal(0, Of(Mapped().KernelFault(10, 10, A, first).KernelFault(10, 11, A + offset, second), AgreementKind.AnonymousFaults).Repeated);

    [Fact]
    public void WhenTheProgramDoesSomethingBetweenThenTwoKernelAccessesAreNoRepetition() =>
        Disagrees(
            Mapped().KernelFault(10, 10, A, 0x2).Fault(10, 11, A + 0x1000, Write).KernelFault(10, 12, A, 0x2), AgreementKind.AnonymousFaults,
            "a fault in the recording, present with the right here", 1);

    [Theory]
    [InlineData("fe:00 331651 7", "/usr/lib/x", 100)]
    [InlineData("00:01 331651 7", "/memfd:x (deleted)", 50)]
    [InlineData("00:1a 331651 7", "/dev/shm/x", 50)]
    public void WhenAPageOfAFileIsReadThenItsNeighboursAreThereButMemoryBeginsEmpty(string file, string path, double agreed) =>
        Assert.Equal(agreed, Of(FileMap(file, path).Fault(10, 5, A + 0x2000, Read).Fault(10, 6, A, WriteProtected), AgreementKind.FileFaults).Percent);

    [Theory]
    [InlineData(0x10, true)]
    [InlineData(0x11, false)]
    public void WhenANeighbourIsReadThenSixteenPagesFromTheAreasBeginAreThere(int page, bool agrees)
    {
        // The area begins one page behind an aligned address.
        Script script = FileMap("fe:00 331651 7", "/usr/lib/x", A + 0x1000).Fault(10, 5, A + 0x2000, Read).Fault(10, 6, A + ((ulong)page << 12), WriteProtected);
        Assert.Equal(agrees ? 100 : 50, Of(script, AgreementKind.FileFaults).Percent);
    }

    [Fact]
    public void WhenFaultsOnFilesDisagreeThenTheyCountAmongAllFaults()
    {
        Script script = FileMap("fe:00 331651 7", "/usr/lib/x").Fault(10, 5, A, WriteProtected).Map(10, 6, 7, A - Chunk, Chunk);
        for (int i = 0; i < 9; i++) script.Fault(10, 10 + i, A - Chunk + ((ulong)i * 0x1000), Write);
        Assert.Equal(90, Replayer.Run(script.Import()).LowestAgreement);
    }

    [Fact]
    public void WhenAClassHasManyMembersThenTheFirstAreShownAndAllAreCounted()
    {
        Script script = Mapped();
        for (int i = 0; i < 10; i++) script.Fault(10, 10 + i, A + ((ulong)i * 0x1000), WriteProtected);
        ReplayReport report = Replayer.Run(script.Import(), new ReplayOptions { Examples = 2 });
        DisagreementClass found = Assert.Single(report.Designs[0].Agreement[(int)AgreementKind.AnonymousFaults].Disagreements);
        Assert.Equal(10, found.Count);
        Assert.Equal([10L, 11], found.Examples.Select(example => example.Time));
        Assert.Contains($"0x{A:x}", found.Examples[0].Linux, StringComparison.Ordinal);
    }

    private static Script FileMap(string file, string path, ulong start = A) => new Script()
        .Call(10, 1, 4, "mmap", (long)start, start, 2 * Chunk, 3, 0x12, 3, 0).Line(10, 2, start, 2 * Chunk, "rw-p", file, path, offset: 0);

    private static AgreementReport Of(Script script, AgreementKind kind)
    {
        ReplayReport report = Replayer.Run(script.Import());
        Assert.All(report.Designs, design => Assert.Equal(0, design.FramesLost));
        Assert.Equal(report.Designs[0].Agreement[(int)kind].Agreed, report.Designs[1].Agreement[(int)kind].Agreed);
        return report.Designs[1].Agreement[(int)kind];
    }

    private static void Disagrees(Script script, AgreementKind kind, string name, long count)
    {
        AgreementReport agreement = Of(script, kind);
        DisagreementClass found = Assert.Single(agreement.Disagreements);
        Assert.Equal((name, count), (found.Name, found.Count));
        Assert.Equal(agreement.Compared - count, agreement.Agreed);
    }
}
