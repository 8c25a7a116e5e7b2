using static Faultline.Differential.Suite;

namespace Faultline.Differential.Cases;

/// <summary><c>mremap</c> of private and shared memory. Flags: 1 may move, 2 to a fixed place.</summary>
public class RemapTests
{
    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenTheLengthStaysThenNothingChanges(string flags) => Agree(
        ($"map p0 at=w0 len=1 flags={flags}", "w0"),
        ("remap p0 at=w0 len=1 new=1", "w0"),
        ("read p0 at=w0", "NotPermitted"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenAnAreaShrinksThenItsTailIsGone(string flags) => Agree(
        ($"map p0 at=w0 len=2 flags={flags}", "w0"),
        ("remap p0 at=w0 len=2 new=1", "w0"),
        ("read p0 at=w0", "NotPermitted"),
        ("read p0 at=w1", "NotMapped"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenPartOfAnAreaShrinksThenWhatIsAboveStays(string flags) => Agree(
        ($"map p0 at=w0 len=3 flags={flags}", "w0"),
        ("remap p0 at=w0 len=2 new=1", "w0"),
        ("read p0 at=w0", "NotPermitted"),
        ("read p0 at=w1", "NotMapped"),
        ("read p0 at=w2", "NotPermitted"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenARangeOfSeveralAreasShrinksThenItsTailIsGone(string flags) => Agree(
        ($"map p0 at=w0 len=3 bits=1 flags={flags}", "w0"),
        ("protect p0 at=w0 len=1", "ok"),
        ("remap p0 at=w0 len=3 new=2", "w0"),
        ("read p0 at=w0", "NotPermitted"),
        ("read p0 at=w1", "00"),
        ("read p0 at=w2", "NotMapped"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenThereIsRoomAboveThenAnAreaGrowsInPlace(string flags) => Agree(
        ($"map p0 at=w0 len=2 flags={flags}", "w0"),
        ("unmap p0 at=w1 len=1", "ok"),
        ("remap p0 at=w0 len=1 new=2", "w0"),
        ("read p0 at=w1", "NotPermitted"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenThereIsNoRoomAboveThenAnAreaMovesOrStays(string flags) => Agree(
        ($"map p0 at=w0 len=3 flags={flags}", "w0"),
        ("unmap p0 at=w1 len=1", "ok"),
        ("remap p0 at=w0 len=1 new=3", "ENOMEM"),
        ("read p0 at=w0", "NotPermitted"),
        ("read p0 at=w1", "NotMapped"),
        ("read p0 at=w2", "NotPermitted"),
        ("remap p0 at=w0 len=1 new=3 flags=1", "t-3"),
        ("read p0 at=w0", "NotMapped"),
        ("read p0 at=w1", "NotMapped"),
        ("read p0 at=w2", "NotPermitted"),
        ("read p0 at=t-1", "NotPermitted"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenSourceAndTargetOverlapThenTheMoveIsRefused(string flags) => Agree(
        ($"map p0 at=w0 len=2 flags={flags}", "w0"),
        ("remap p0 at=w0 len=1 new=1 to=w0 flags=3", "EINVAL"),
        ("remap p0 at=w0 len=2 new=2 to=w1 flags=3", "EINVAL"),
        ("read p0 at=w0", "NotPermitted"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenAnAreaIsMovedToAPlaceThenWhatWasThereIsGone(string flags) => Agree(
        ($"map p0 at=w0 len=1 bits=3 flags={flags}", "w0"),
        ($"map p0 at=w4 len=2 flags={flags}", "w4"),
        ("write p0 at=w0 bits=7", "00"),
        ("remap p0 at=w0 len=1 new=1 to=w4 flags=3", "w4"),
        ("read p0 at=w0", "NotMapped"),
        ("read p0 at=w4", "07"),
        ("read p0 at=w5", "NotPermitted"),
        ("remap p0 at=w4 len=1 new=1 to=w8 flags=3", "w8"),
        ("read p0 at=w4", "NotMapped"),
        ("read p0 at=w8", "07"));

    /// <summary>Of a whole area and of a part of one.</summary>
    [Theory]
    [InlineData(2, "0x12", "NotMapped")]
    [InlineData(2, "0x11", "NotMapped")]
    [InlineData(3, "0x12", "NotPermitted")]
    [InlineData(3, "0x11", "NotPermitted")]
    public void WhenAMoveShrinksThenTheTailIsAtNeitherPlace(int length, string flags, string above) => Agree(
        ($"map p0 at=w0 len={length} flags={flags}", "w0"),
        ("remap p0 at=w0 len=2 new=1 to=w8 flags=3", "w8"),
        ("read p0 at=w0", "NotMapped"),
        ("read p0 at=w1", "NotMapped"),
        ("read p0 at=w2", $"{above}"),
        ("read p0 at=w8", "NotPermitted"),
        ("read p0 at=w9", "NotMapped"));

    /// <summary>Only moves of one length may span areas. Before Linux 6.17 the tail and the target were gone.</summary>
    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenAShrinkingMoveLeavesSeveralAreasThenItIsRefusedAndNothingChanges(string flags) => Agree(
        ($"map p0 at=w0 len=3 bits=1 flags={flags}", "w0"),
        ("protect p0 at=w0 len=1", "ok"),
        ($"map p0 at=w8 len=2 flags={flags}", "w8"),
        ("remap p0 at=w0 len=3 new=2 to=w8 flags=3", "EFAULT"),
        ("read p0 at=w0", "NotPermitted"),
        ("read p0 at=w1", "00"),
        ("read p0 at=w2", "00"),
        ("read p0 at=w8", "NotPermitted"),
        ("read p0 at=w9", "NotPermitted"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenAMoveGrowsThenAllOfItIsAtTheTarget(string flags) => Agree(
        ($"map p0 at=w0 len=1 flags={flags}", "w0"),
        ("remap p0 at=w0 len=1 new=2 to=w8 flags=3", "w8"),
        ("read p0 at=w0", "NotMapped"),
        ("read p0 at=w8", "NotPermitted"),
        ("read p0 at=w9", "NotPermitted"));

    [Fact]
    public void WhenAMapOfAFileMovesAndGrowsThenCopiesStayAndNewPagesAreTheFiles() => Agree(
        ("filewrite p0 bits=97 file=1", "ok"),
        ("filewrite p0 off=1 bits=98 file=1", "ok"),
        ("filewrite p0 off=2 bits=99 file=1", "ok"),
        ("map p0 at=w0 len=2 bits=3 flags=0x12 file=1", "w0"),
        ("write p0 at=w1 bits=100", "00"),
        ("map p0 at=w8 len=3 flags=0x12", "w8"),
        ("remap p0 at=w0 len=2 new=3 to=w8 flags=3", "w8"),
        ("read p0 at=w8", "61"),
        ("read p0 at=w9", "64"),
        ("read p0 at=w10", "63"));

    [Fact]
    public void WhenSharedMemoryShrinksAndGrowsThenItsContentsAreBackAndMoreIsABusError() => Agree(
        ("map p0 at=w0 len=4 flags=0x12", "w0"),
        ("map p0 at=w0 len=2 bits=3 flags=0x11", "w0"),
        ("write p0 at=w0 bits=97", "00"),
        ("write p0 at=w1 bits=98", "00"),
        ("remap p0 at=w0 len=2 new=1", "w0"),
        ("remap p0 at=w0 len=1 new=3 to=w1 flags=3", "w1"),
        ("read p0 at=w1", "61"),
        ("read p0 at=w2", "62"),
        ("read p0 at=w3", "BusError"));
}
