using static Faultline.Differential.Suite;

namespace Faultline.Differential.Cases;

/// <summary><c>mmap</c> without a file: what its arguments mean.</summary>
public class MapTests
{
    [Fact]
    public void WhenALengthIsNoMultipleOfAPageThenThePageIsMapped() => Agree(
        ("map p0 len=0+128 flags=0x2", "t-1"),
        ("read p0 at=t-1", "NotPermitted"),
        ("map p0 at=w0 len=1+2048 bits=3 flags=0x12", "w0"),
        ("write p0 at=w1+4095 bits=1", "00"),
        ("read p0 at=w2", "NotMapped"));

    [Fact]
    public void WhenALengthIsZeroThenMapIsRefused() => Agree(
        ("map p0 flags=0x2", "EINVAL"),
        ("map p0 at=w0 flags=0x12", "EINVAL"),
        ("map p0 flags=0x1", "EINVAL"));

    [Fact]
    public void WhenALengthRoundsUpToZeroThenThereIsNoRoom() => Agree(
        ("map p0 len=4503599627370495+1 flags=0x2", "ENOMEM"),
        ("map p0 at=w0 len=4503599627370495+1 flags=0x12", "ENOMEM"));

    [Fact]
    public void WhenAHintIsFreeThenItIsTakenAndOtherwiseAnotherPlace() => Agree(
        ("map p0 at=w5 len=2 flags=0x2", "w5"),
        ("map p0 at=w6 len=1 flags=0x2", "t-1"),
        ("map p0 at=w4 len=2 flags=0x2", "t-3"),
        ("map p0 at=w4 len=1 flags=0x2", "w4"));

    [Fact]
    public void WhenAHintIsWithinAPageThenItsPageIsMeant() => Agree(
        ("map p0 at=w0+1 len=1 flags=0x2", "w0"),
        ("map p0 at=w7+4095 len=1 flags=0x2", "w7"));

    /// <summary>Below 2^32, above it, and where little is left above.</summary>
    [Theory]
    [InlineData("l0", "l0")]
    [InlineData("w0", "w0")]
    [InlineData("w50331648", "103000000000")]
    public void WhenAMapIsFixedThenItIsThere(string place, string address) => Agree(
        ($"map p0 at={place} len=1 flags=0x12", address),
        ($"map p0 at={place} len=1 bits=3 flags=0x12", address),
        ($"write p0 at={place} bits=1", "00"));

    [Fact]
    public void WhenAFixedAddressIsWithinAPageThenMapIsRefused() => Agree(
        ("map p0 at=w0+1 len=1 flags=0x12", "EINVAL"),
        ("map p0 at=w0+4095 len=1 flags=0x11", "EINVAL"));

    /// <summary>Neither of both, or both, which is MAP_SHARED_VALIDATE, which anonymous memory has not.</summary>
    [Theory]
    [InlineData("0x0")]
    [InlineData("0x10")]
    [InlineData("0x3")]
    [InlineData("0x13")]
    public void WhenAMapIsNeitherSharedNorPrivateThenItIsRefused(string flags) => Agree(
        ($"map p0 at=w0 len=1 flags={flags}", "EINVAL"),
        ($"map p0 at=w0 len=1 bits=3 flags={flags}", "EINVAL"));

    [Fact]
    public void WhenNothingIsReplacedThenWhatWasThereKeepsItsContents() => Agree(
        ("map p0 at=w1 len=1 bits=3 flags=0x12", "w1"),
        ("write p0 at=w1 bits=90", "00"),
        ("map p0 at=w1 len=1 flags=0x100002", "EEXIST"),
        ("map p0 at=w0 len=2 flags=0x100002", "EEXIST"),
        ("map p0 at=w1 len=1 flags=0x100012", "EEXIST"),
        ("read p0 at=w1", "5a"),
        ("map p0 at=w0+1 len=1 flags=0x100012", "EINVAL"),
        ("map p0 at=w0 len=1 flags=0x100012", "w0"));

    /// <summary>MAP_STACK, MAP_NORESERVE, MAP_LOCKED, MAP_POPULATE; private and shared.</summary>
    [Theory]
    [InlineData("0x20002")]
    [InlineData("0x4002")]
    [InlineData("0x2002")]
    [InlineData("0x8002")]
    [InlineData("0x20001")]
    [InlineData("0x4001")]
    [InlineData("0x8001")]
    public void WhenAFlagSaysHowMemoryIsUsedThenTheMapIsAsWithoutIt(string flags) => Agree(
        ($"map p0 len=1 flags={flags}", "t-1"),
        ($"map p0 at=w0 len=2 bits=3 flags={flags}", "w0"),
        ("write p0 at=w1 bits=1", "00"));

    [Fact]
    public void WhenMemoryIsNotReservedThenEachPageCanBeWritten() => Agree(
        ("map p0 at=w0 len=2560 bits=3 flags=0x4012", "w0"),
        ("read p0 at=w0", "00"),
        ("write p0 at=w1279 bits=1", "00"),
        ("write p0 at=w2559+4095 bits=2", "00"),
        ("read p0 at=w1279", "01"),
        ("read p0 at=w1280", "00"));

    [Fact]
    public void WhenAMapMustLieBelow4GiBThenItDoes() => Agree(
        ("map p0 len=1 flags=0x42", "l0"),
        ("map p0 len=3 bits=3 flags=0x42", "l1"),
        ("map p0 at=w0 len=1 flags=0x42", "l4"));

    [Fact]
    public void WhenTwoSharedMapsAreMadeThenTheyAreTwoMemories() => Agree(
        ("map p0 at=w0 len=1+2048 bits=3 flags=0x11", "w0"),
        ("map p0 at=w4 len=1+2048 bits=3 flags=0x11", "w4"),
        ("read p0 at=w0", "00"),
        ("write p0 at=w0 bits=255", "00"),
        ("write p0 at=w1+4095 bits=255", "00"),
        ("read p0 at=w4", "00"),
        ("read p0 at=w5+4095", "00"),
        ("unmap p0 at=w0 len=1+2048", "ok"),
        ("read p0 at=w0", "NotMapped"),
        ("read p0 at=w1", "NotMapped"),
        ("read p0 at=w4", "00"));

    [Fact]
    public void WhenTwoPrivateMapsAreMadeThenBothAreZeroAndApart() => Agree(
        ("map p0 at=w0 len=2 bits=3 flags=0x12", "w0"),
        ("map p0 at=w2 len=1+2048 bits=3 flags=0x12", "w2"),
        ("write p0 at=w1+4095 bits=255", "00"),
        ("read p0 at=w0", "00"),
        ("read p0 at=w2", "00"),
        ("read p0 at=w3+4095", "00"),
        ("unmap p0 at=w0 len=2", "ok"),
        ("write p0 at=w0 bits=1", "NotMapped"));

    [Fact]
    public void WhenMemoryIsUnmappedThenItsRangeIsGone() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0 bits=1", "00"),
        ("unmap p0 at=w0 len=1", "ok"),
        ("read p0 at=w0", "NotMapped"),
        ("unmap p0 at=w0 len=1", "ok"));

    [Fact]
    public void WhenAnUnmapIsOfNothingOrWrapsThenItIsRefused() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("unmap p0 at=w0", "EINVAL"),
        ("unmap p0 at=w0 len=4503599627370495+1", "EINVAL"),
        ("unmap p0 at=w0+1 len=1", "EINVAL"),
        ("read p0 at=w0", "00"));
}
