using static Faultline.Differential.Suite;

namespace Faultline.Differential.Cases;

/// <summary><c>mincore</c>.</summary>
public class MinCoreTests
{
    [Fact]
    public void WhenPagesAreWrittenThenTheyAreInMemory() => Agree(
        ("map p0 at=w0 len=3 bits=3 flags=0x12", "w0"),
        ("core p0 at=w0 len=3", "ok 000"),
        ("write p0 at=w0", "00"),
        ("write p0 at=w1", "00"),
        ("write p0 at=w2", "00"),
        ("core p0 at=w0 len=3", "ok 111"));

    [Fact]
    public void WhenAnAddressIsWithinAPageThenMinCoreIsRefused() => Agree(
        ("map p0 at=w0 len=2 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0", "00"),
        ("core p0 at=w0+2048 len=1", "EINVAL"));

    [Fact]
    public void WhenALengthIsWithinAPageThenThePageIsAsked() => Agree(
        ("map p0 at=w0 len=2 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0", "00"),
        ("write p0 at=w1", "00"),
        ("core p0 at=w0 len=1+2048", "ok 11"));

    [Fact]
    public void WhenNothingIsAskedThenMinCoreSucceeds() => Agree(
        ("core p0 at=0", "ok "),
        ("core p0 at=w0", "ok "));

    [Fact]
    public void WhenARangeIsNotMappedOrWrapsThenMinCoreIsRefused() => Agree(
        ("core p0 at=0 len=4503599627370495+4095", "ENOMEM"),
        ("core p0 at=w0 len=1", "ENOMEM"),
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("core p0 at=w0 len=2", "ENOMEM"));
}
