using Faultline.Differential.Programs;
using static Faultline.Differential.Suite;

namespace Faultline.Differential;

/// <summary>
/// Where other implementations of these calls have broken. Each program runs on the host too, and both sides must give the results that are written here.
/// Letters of a place: <see cref="Region"/>.
/// </summary>
public class BreakingPointTests
{
    [Fact]
    public void WhenAGrowingRemapMeetsAMergedNeighbourThenItMovesOrFails() => Agree(
        ("map p0 at=w0 len=2 bits=3 flags=0x12", "w0"),
        ("map p0 at=w2 len=2 bits=3 flags=0x12", "w2"),
        ("remap p0 at=w0 len=2 new=3", "ENOMEM"),
        ("remap p0 at=w0 len=4 new=6", "w0"),
        ("remap p0 at=w0 len=2 new=3 flags=1", "t-3"),
        ("remap p0 at=w1 len=1 new=2 flags=1", "EFAULT"));

    [Fact]
    public void WhenTheOldSizeIsZeroThenSharedMemoryIsMappedTwiceAndPrivateMemoryNot() => Agree(
        ("map p0 at=w0 len=2 bits=3 flags=0x11", "w0"),
        ("map p0 at=w4 len=1 bits=3 flags=0x12", "w4"),
        ("remap p0 at=w0 new=2 flags=1", "t-2"),
        ("write p0 at=t-1 bits=7", "00"),
        ("read p0 at=w1", "07"),
        ("remap p0 at=w0 new=1", "ENOMEM"),
        ("remap p0 at=w0 new=2 to=w8 flags=3", "w8"),
        ("read p0 at=w9", "07"),
        ("remap p0 at=w4 new=1 flags=1", "EINVAL"));

    [Fact]
    public void WhenAFixedShrinkSpansAreasThenTheTailGoesAndTheRestMoves() => Agree(
        ("map p0 at=w0 len=2 bits=3 flags=0x12", "w0"),
        ("map p0 at=w2 len=2 bits=1 flags=0x12", "w2"),
        ("write p0 at=w0 bits=5", "00"),
        ("remap p0 at=w0 len=4 new=1 to=w8 flags=3", "w8"),
        ("read p0 at=w8", "05"),
        ("read p0 at=w0", "NotMapped"),
        ("read p0 at=w2", "NotMapped"));

    [Fact]
    public void WhenAMoveSpansAreasAndHolesThenTheirDistancesStay() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0 bits=1", "00"),
        ("map p0 at=w2 len=1 bits=1 flags=0x12", "w2"),
        ("remap p0 at=w0 len=3 new=3 to=w8 flags=3", "w8"),
        ("read p0 at=w8", "01"),
        ("read p0 at=w9", "NotMapped"),
        ("write p0 at=w10 bits=1", "NotPermitted"));

    [Fact]
    public void WhenSomethingIsThereThenNoReplaceIsExactOrFails() => Agree(
        ("map p0 at=w2 len=2 bits=3 flags=0x12", "w2"),
        ("map p0 at=w0 len=3 bits=3 flags=0x100002", "EEXIST"),
        ("map p0 at=w3 len=4 bits=3 flags=0x100002", "EEXIST"),
        ("map p0 at=w0 len=8 bits=3 flags=0x100002", "EEXIST"),
        ("map p0 at=w0+1 len=1 bits=3 flags=0x100002", "EINVAL"),
        ("map p0 at=w0 len=2 bits=3 flags=0x100002", "w0"),
        ("map p0 at=w4 len=1 bits=3 flags=0x100002", "w4"));

    [Fact]
    public void WhenAFixedMapIsRefusedByALimitThenWhatItWouldHaveReplacedStays() => Agree(
        ("map p0 at=w0 len=4 bits=3 flags=0x12", "w0"),
        ("write p0 at=w1 bits=9", "00"),
        ("limit p0 len=8 bits=9", "ok"),
        ("map p0 at=w1 len=12 bits=3 flags=0x12", "ENOMEM"),
        ("read p0 at=w1", "09"),
        ("limit p0 len=100 bits=9", "ok"),
        ("map p0 at=w1 len=12 bits=3 flags=0x12", "w1"),
        ("read p0 at=w1", "00"));

    [Fact]
    public void WhenSharedMemoryHasAliasesAndHeirsThenAllSeeAWrite() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x11", "w0"),
        ("remap p0 at=w0 new=1 to=w4 flags=3", "w4"),
        ("fork p0", "ok"),
        ("write p1 at=w4 bits=3", "00"),
        ("read p0 at=w0", "03"),
        ("write p0 at=w0 bits=4", "00"),
        ("read p1 at=w0", "04"));

    [Fact]
    public void WhenALimitIsExceededThenMapFails() => Agree(
        ("limit p0 len=10 bits=9", "ok"),
        ("map p0 len=9 bits=3 flags=0x2", "ENOMEM"),
        ("map p0 len=8 bits=3 flags=0x2", "t-8"),
        ("limit p0 len=200 bits=9", "ok"),
        ("limit p0 len=9 bits=2", "ok"),
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "ENOMEM"),
        ("map p0 at=w0 len=1 bits=1 flags=0x12", "w0"),
        ("map p0 at=w0 len=1 bits=3 flags=0x11", "w0"),
        ("protect p0 at=t-8 len=8 bits=1", "ok"),
        ("map p0 at=w1 len=8 bits=3 flags=0x12", "w1"),
        ("protect p0 at=t-8 len=1 bits=3", "ENOMEM"));

    /// <summary>64 TiB, which no host has.</summary>
    [Fact]
    public void WhenARequestIsLargerThanAllMemoryThenOnlyWhatIsNotCountedIsMapped() => Agree(
        ("map p0 len=17179869184 bits=3 flags=0x2", "ENOMEM"),
        ("map p0 at=w0 len=17179869184 bits=3 flags=0x1", "ENOMEM"),
        ("map p0 at=w0 len=8589934592 bits=3 flags=0x4012", "w0"),
        ("map p0 at=w0 len=17179869184 bits=1 flags=0x12", "w0"),
        ("protect p0 at=w0 len=17179869184 bits=3", "ENOMEM"),
        ("protect p0 at=w1 len=1 bits=3", "ok"),
        ("write p0 at=w1 bits=1", "00"));

    [Fact]
    public void WhenRightsAreTakenAfterAForkThenTheAccessIsASignalAndTheAreasMergeBack() => Agree(
        ("map p0 at=w0 len=3 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0 bits=1", "00"),
        ("write p0 at=w1 bits=2", "00"),
        ("fork p0", "ok"),
        ("protect p1 at=w1 len=1", "ok"),
        ("read p1 at=w1", "NotPermitted"),
        ("protect p1 at=w1 len=1 bits=1", "ok"),
        ("write p1 at=w1 bits=3", "NotPermitted"),
        ("read p1 at=w1", "02"),
        ("protect p1 at=w1 len=1 bits=3", "ok"),
        ("write p1 at=w1 bits=4", "00"),
        ("read p0 at=w1", "02"));

    /// <summary>What has been written apart stays apart: a growth over all of it is refused.</summary>
    [Theory]
    [InlineData("w0 w1 w2 w3", "w0")]
    [InlineData("w3 w2 w1 w0", "w0")]
    [InlineData("w0 w3 w1 w2", "EFAULT")]
    public void WhenNeighboursAreMappedAndTouchedThenTheOrderDecidesWhetherTheyAreOneArea(string order, string grown) =>
        Agree([.. order.Split(' ').SelectMany<string, (string, string)>(page =>
            [($"map p0 at={page} len=1 bits=3 flags=0x12", page), ($"write p0 at={page} bits=1", "00")]), ("remap p0 at=w0 len=4 new=5", grown)]);

    [Fact]
    public void WhenAStackReachesTheNextMappingThenItsGuardIsKept() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("map p0 at=w300 len=1 bits=3 flags=0x112", "w300"),
        ("write p0 at=w290 bits=1", "00"),
        ("write p0 at=w257 bits=1", "00"),
        ("write p0 at=w256 bits=1", "NotMapped"),
        ("unmap p0 at=w0 len=1", "ok"),
        ("write p0 at=w256 bits=1", "00"));

    [Fact]
    public void WhenTheHeapMeetsAMappingThenItStopsAPageBelow() => Agree(
        ("brk p0 at=h2", "h2"),
        ("write p0 at=h1 bits=1", "00"),
        ("map p0 at=h5 len=1 bits=3 flags=0x12", "h5"),
        ("brk p0 at=h5", "h2"),
        ("brk p0 at=h4", "h4"),
        ("brk p0 at=h1", "h1"),
        ("read p0 at=h1", "NotMapped"));

    [Fact]
    public void WhenAFileShrinksThenItsPagesAreGoneAndItsLastOneEndsInZeros() => Agree(
        ("truncate p0 len=4 file=1", "ok"),
        ("map p0 at=w0 len=4 bits=3 flags=0x11 file=1", "w0"),
        ("write p0 at=w1+4095 bits=5", "00"),
        ("write p0 at=w3 bits=6", "00"),
        ("truncate p0 len=1+100 file=1", "ok"),
        ("read p0 at=w3", "BusError"),
        ("write p0 at=w2 bits=1", "BusError"),
        ("read p0 at=w1+4095", "00"),
        ("truncate p0 len=4 file=1", "ok"),
        ("read p0 at=w3", "00"),
        ("read p0 at=w1+4095", "00"));

    [Fact]
    public void WhenAFileShrinksThenPrivateCopiesBeyondItsLastPageGoTooAndThatOfItsLastPageStays() => Agree(
        ("truncate p0 len=3 file=1", "ok"),
        ("map p0 at=w0 len=3 bits=3 flags=0x12 file=1", "w0"),
        ("write p0 at=w1+4095 bits=5", "00"),
        ("write p0 at=w2 bits=6", "00"),
        ("truncate p0 len=1+100 file=1", "ok"),
        ("read p0 at=w1+4095", "05"),
        ("read p0 at=w2", "BusError"),
        ("truncate p0 len=3 file=1", "ok"),
        ("read p0 at=w1+4095", "05"),
        ("read p0 at=w2", "00"));

    [Fact]
    public void WhenACopyWasInheritedThenItSurvivesWhatTheFileBecomes() => Agree(
        ("truncate p0 len=1+1 file=1", "ok"),
        ("map p0 at=w0 len=2 bits=3 flags=0x12 file=1", "w0"),
        ("filewrite p0 bits=1 file=1", "ok"),
        ("write p0 at=w0 bits=2", "00"),
        ("fork p0", "ok"),
        ("filewrite p0 bits=3 file=1", "ok"),
        ("truncate p1 len=0+1 file=1", "ok"),
        ("read p0 at=w0", "02"),
        ("read p1 at=w0", "02"),
        ("read p1 at=w1", "BusError"));

    [Fact]
    public void WhenAFileIsMappedAndWrittenByCallsThenBothSeeEachOther() => Agree(
        ("filewrite p0 off=1+7 bits=9 file=1", "ok"),
        ("map p0 at=w0 len=2 bits=3 flags=0x11 file=1", "w0"),
        ("map p0 at=w4 len=1 bits=1 flags=0x12 file=1 off=1", "w4"),
        ("read p0 at=w1+7", "09"),
        ("read p0 at=w4+7", "09"),
        ("write p0 at=w1+7 bits=8", "00"),
        ("read p0 at=w4+7", "08"),
        ("fileread p0 off=1+7 file=1", "08"),
        ("fileread p0 off=1+8 file=1", "ok"),
        ("write p0 at=w1+8 bits=7", "00"),
        ("fileread p0 off=1+8 file=1", "ok"));

    [Fact]
    public void WhenTheOffsetIsBeyondTheEndThenTheMapSucceedsAndTheAccessDoesNot() => Agree(
        ("truncate p0 len=1 file=1", "ok"),
        ("map p0 at=w0 len=2 bits=3 flags=0x11 file=1 off=5", "w0"),
        ("read p0 at=w0", "BusError"),
        ("advise p0 at=w0 len=1 bits=22", "EFAULT"),
        ("map p0 at=w4 len=2 bits=3 flags=0x8011 file=1", "w4"),
        ("read p0 at=w4", "00"),
        ("map p0 at=w8 len=2 bits=3 flags=0x11 file=1 off=0+1", "EINVAL"),
        ("map p0 at=w8 len=2 bits=3 flags=0x11 file=1 off=4503599627370495", "EOVERFLOW"));

    [Fact]
    public void WhenAFileIsNotOpenForWritingThenSharedMapsAndTheirHeirsNeverWrite() => Agree(
        ("map p0 at=w0 len=2 bits=3 flags=0x11 file=2", "EACCES"),
        ("map p0 at=w0 len=2 bits=1 flags=0x11 file=2", "w0"),
        ("protect p0 at=w0 len=1 bits=3", "EACCES"),
        ("map p0 at=w4 len=2 bits=3 flags=0x12 file=2", "w4"),
        ("write p0 at=w4 bits=1", "00"),
        ("advise p0 at=w0 len=1 bits=9", "EACCES"),
        ("remap p0 at=w0 new=2 flags=1", "t-2"),
        ("protect p0 at=t-2 len=1 bits=3", "EACCES"),
        ("truncate p0 len=1 file=2", "EINVAL"));

    [Fact]
    public void WhenARangeIsSynchronisedThenHolesLocksAndFlagsDecide() => Agree(
        ("truncate p0 len=4 file=1", "ok"),
        ("map p0 at=w0 len=2 bits=3 flags=0x11 file=1", "w0"),
        ("map p0 at=w3 len=1 bits=3 flags=0x12", "w3"),
        ("write p0 at=w0 bits=1", "00"),
        ("sync p0 at=w0 len=2 flags=4", "ok"),
        ("sync p0 at=w0 len=4 flags=4", "ENOMEM"),
        ("sync p0 at=w0 len=4 flags=1", "ENOMEM"),
        ("sync p0 at=w2 len=1", "ENOMEM"),
        ("sync p0 at=w0", "ok"),
        ("sync p0 at=w8", "ok"),
        ("sync p0 at=w0 len=1 flags=5", "EINVAL"),
        ("sync p0 at=w0 len=1 flags=8", "EINVAL"),
        ("sync p0 at=w0+1 len=1 flags=4", "EINVAL"),
        ("sync p0 at=w0 len=4503599627370495 flags=4", "ENOMEM"),
        ("lock p0 at=w1 len=1", "ok"),
        ("sync p0 at=w0 len=1 flags=6", "ok"),
        ("sync p0 at=w0 len=2 flags=6", "EBUSY"),
        ("sync p0 at=w0 len=2 flags=4", "ok"));

    [Fact]
    public void WhenAHoleIsPunchedThenTheFileIsZeroThereAndCopiesStay() => Agree(
        ("truncate p0 len=3 file=1", "ok"),
        ("map p0 at=w0 len=3 bits=3 flags=0x11 file=1", "w0"),
        ("map p0 at=w4 len=3 bits=3 flags=0x12 file=1", "w4"),
        ("write p0 at=w1 bits=1", "00"),
        ("write p0 at=w5 bits=2", "00"),
        ("advise p0 at=w1 len=1 bits=9", "ok"),
        ("read p0 at=w1", "00"),
        ("read p0 at=w5", "02"),
        ("fileread p0 off=1 file=1", "00"),
        ("advise p0 at=w4 len=1 bits=9", "EACCES"),
        ("map p0 at=w8 len=1 bits=3 flags=0x12", "w8"),
        ("advise p0 at=w8 len=1 bits=9", "EINVAL"));
}
