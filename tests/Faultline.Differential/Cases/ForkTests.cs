using static Faultline.Differential.Suite;

namespace Faultline.Differential.Cases;

/// <summary><c>fork</c>: what a child has of its parent's memory.</summary>
public class ForkTests
{
    [Fact]
    public void WhenSharedMemoryIsWrittenAfterAForkThenTheOtherSeesIt() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x11", "w0"),
        ("fork p0", "ok"),
        ("write p0 at=w0 bits=1", "00"),
        ("read p1 at=w0", "01"),
        ("write p1 at=w0 bits=2", "00"),
        ("read p0 at=w0", "02"));

    [Fact]
    public void WhenPrivateMemoryIsWrittenAfterAForkThenTheOtherDoesNotSeeIt() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("read p0 at=w0", "00"),
        ("fork p0", "ok"),
        ("write p0 at=w0 bits=1", "00"),
        ("read p1 at=w0", "00"));

    [Fact]
    public void WhenAChildForksThenEachHasItsOwn() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0 bits=1", "00"),
        ("fork p0", "ok"),
        ("write p1 at=w0 bits=2", "00"),
        ("fork p1", "ok"),
        ("write p2 at=w0 bits=3", "00"),
        ("read p2 at=w0", "03"),
        ("exit p2", "ok"),
        ("read p1 at=w0", "02"),
        ("exit p1", "ok"),
        ("read p0 at=w0", "01"));

    [Fact]
    public void WhenAChildMapsThenItsParentHasNothing() => Agree(
        ("fork p0", "ok"),
        ("map p1 len=1 bits=1 flags=0x2", "t-1"),
        ("read p1 at=t-1", "00"),
        ("read p0 at=t-1", "NotMapped"),
        ("exit p1", "ok"));

    [Fact]
    public void WhenChildrenComeAndGoThenTheirParentGoesOn() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("fork p0", "ok"),
        ("fork p0", "ok"),
        ("exit p1", "ok"),
        ("exit p1", "ok"),
        ("write p0 at=w0 bits=1", "00"),
        ("fork p0", "ok"),
        ("read p1 at=w0", "01"),
        ("exit p1", "ok"));

    [Fact]
    public void WhenAPageIsReadWrittenAndReadAfterAForkThenTheLastReadSeesTheWrite() => Agree(
        ("map p0 at=w0 len=2 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0 bits=1", "00"),
        ("write p0 at=w1 bits=1", "00"),
        ("fork p0", "ok"),
        ("read p0 at=w0", "01"),
        ("write p0 at=w0", "00"),
        ("write p0 at=w1", "00"),
        ("read p0 at=w0", "00"),
        ("read p0 at=w1", "00"),
        ("read p1 at=w0", "01"));
}
