using static Faultline.Differential.Suite;

namespace Faultline.Differential.Cases;

/// <summary><c>madvise</c>: MADV_DONTNEED (4) and MADV_DONTFORK (10).</summary>
public class AdviseTests
{
    [Fact]
    public void WhenPrivatePagesAreNotNeededThenTheyAreZeroAgain() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0 bits=1", "00"),
        ("advise p0 at=w0 len=1 bits=4", "ok"),
        ("read p0 at=w0", "00"));

    [Fact]
    public void WhenInheritedPagesAreNotNeededThenTheyAreZeroInTheCallerOnly() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0 bits=2", "00"),
        ("fork p0", "ok"),
        ("read p1 at=w0", "02"),
        ("advise p1 at=w0 len=1 bits=4", "ok"),
        ("read p1 at=w0", "00"),
        ("read p0 at=w0", "02"));

    [Fact]
    public void WhenSharedPagesAreNotNeededThenTheyKeepTheirContents() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x11", "w0"),
        ("write p0 at=w0 bits=3", "00"),
        ("advise p0 at=w0 len=1 bits=4", "ok"),
        ("read p0 at=w0", "03"));

    [Fact]
    public void WhenCopiesOfAFileAreNotNeededThenTheFileIsSeenAgain() => Agree(
        ("filewrite p0 bits=4 file=1", "ok"),
        ("map p0 at=w0 len=1 bits=3 flags=0x12 file=1", "w0"),
        ("read p0 at=w0", "04"),
        ("write p0 at=w0 bits=5", "00"),
        ("advise p0 at=w0 len=1 bits=4", "ok"),
        ("read p0 at=w0", "04"));

    [Fact]
    public void WhenPagesOfAFileAreNotNeededThenTheFileKeepsThem() => Agree(
        ("filewrite p0 bits=6 file=1", "ok"),
        ("map p0 at=w0 len=1 bits=3 flags=0x11 file=1", "w0"),
        ("write p0 at=w0 bits=7", "00"),
        ("advise p0 at=w0 len=1 bits=4", "ok"),
        ("read p0 at=w0", "07"),
        ("fileread p0 file=1", "07"));

    [Fact]
    public void WhenPagesMayNotBeReadThenTheyCanBeUnneededAllTheSame() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0 bits=1", "00"),
        ("protect p0 at=w0 len=1", "ok"),
        ("advise p0 at=w0 len=1 bits=4", "ok"),
        ("protect p0 at=w0 len=1 bits=3", "ok"),
        ("read p0 at=w0", "00"));

    [Fact]
    public void WhenARangeIsAdvisedThenItsAddressIsAlignedAndItsLengthRoundedUp() => Agree(
        ("map p0 at=w0 len=2 flags=0x12", "w0"),
        ("advise p0 at=w0+1 len=1 bits=10", "EINVAL"),
        ("advise p0 at=w0 bits=10", "ok"),
        ("advise p0 at=0 bits=10", "ok"),
        ("advise p0 at=0 len=4503599627370495+2048 bits=10", "EINVAL"),
        ("advise p0 at=w0 len=0+1 bits=10", "ok"),
        ("advise p0 at=w0 len=1 bits=10", "ok"),
        ("fork p0", "ok"),
        ("read p1 at=w0", "NotMapped"),
        ("read p1 at=w1", "NotPermitted"));

    [Fact]
    public void WhenPagesOfAFileAreNotForkedThenOnlyTheOthersAreInherited() => Agree(
        ("truncate p0 len=2 file=1", "ok"),
        ("filewrite p0 bits=2 file=1", "ok"),
        ("filewrite p0 off=1 bits=2 file=1", "ok"),
        ("map p0 at=w0 len=2 bits=3 flags=0x11 file=1", "w0"),
        ("advise p0 at=w1 len=1 bits=10", "ok"),
        ("fork p0", "ok"),
        ("read p1 at=w0", "02"),
        ("write p1 at=w0 bits=1", "00"),
        ("read p1 at=w1", "NotMapped"),
        ("read p0 at=w0", "01"),
        ("read p0 at=w1", "02"));

    [Fact]
    public void WhenPrivatePagesAreNotForkedThenOnlyTheOthersAreInherited() => Agree(
        ("map p0 at=w0 len=3 bits=3 flags=0x12", "w0"),
        ("advise p0 at=w1 len=1 bits=10", "ok"),
        ("write p0 at=w0 bits=1", "00"),
        ("write p0 at=w1 bits=2", "00"),
        ("write p0 at=w2 bits=3", "00"),
        ("fork p0", "ok"),
        ("read p1 at=w0", "01"),
        ("write p1 at=w0 bits=11", "00"),
        ("read p1 at=w1", "NotMapped"),
        ("write p1 at=w2 bits=13", "00"),
        ("read p0 at=w0", "01"),
        ("read p0 at=w1", "02"),
        ("read p0 at=w2", "03"));
}
