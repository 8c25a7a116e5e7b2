using static Faultline.Differential.Suite;

namespace Faultline.Differential.Cases;

/// <summary><c>mprotect</c>, and what rights let a program do.</summary>
public class ProtectTests
{
    /// <summary>Also where only writing was asked for, and also if the first access is a read.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(7)]
    public void WhenMemoryMayBeWrittenThenItCanBeRead(int rights) => Agree(
        ($"map p0 at=w0 len=2 bits={rights} flags=0x12", "w0"),
        ("write p0 at=w0 bits=42", "00"),
        ("read p0 at=w0", "2a"),
        ("read p0 at=w1", "00"));

    [Fact]
    public void WhenRightsAreGivenLaterThenMemoryIsWritten() => Agree(
        ("map p0 at=w0 len=1 flags=0x12", "w0"),
        ("write p0 at=w0 bits=42", "NotPermitted"),
        ("protect p0 at=w0 len=1 bits=3", "ok"),
        ("write p0 at=w0 bits=42", "00"),
        ("read p0 at=w0", "2a"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenMemoryHasNoRightsThenNothingIsDoneThere(string flags) => Agree(
        ($"map p0 at=w0 len=1 flags={flags}", "w0"),
        ("read p0 at=w0", "NotPermitted"),
        ("write p0 at=w0 bits=1", "NotPermitted"),
        ("execute p0 at=w0", "NotPermitted"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenMemoryMayOnlyBeReadThenAWriteIsASignal(string flags) => Agree(
        ($"map p0 at=w0 len=1 bits=1 flags={flags}", "w0"),
        ("write p0 at=w0 bits=42", "NotPermitted"),
        ("read p0 at=w0", "00"),
        ("write p0 at=w0 bits=42", "NotPermitted"));

    [Fact]
    public void WhenTheRightToWriteIsTakenThenAWriteIsASignalAndTheContentsStay() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0 bits=42", "00"),
        ("protect p0 at=w0 len=1 bits=1", "ok"),
        ("write p0 at=w0", "NotPermitted"),
        ("read p0 at=w0", "2a"));

    [Fact]
    public void WhenAllRightsAreTakenThenAnAccessIsNotPermittedAndTheContentsStay() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("write p0 at=w0 bits=42", "00"),
        ("protect p0 at=w0 len=1", "ok"),
        ("read p0 at=w0", "NotPermitted"),
        ("protect p0 at=w0 len=1 bits=3", "ok"),
        ("read p0 at=w0", "2a"));

    [Fact]
    public void WhenNothingIsMappedThenEachKindOfAccessSaysSo() => Agree(
        ("map p0 at=w0 len=1 bits=7 flags=0x12", "w0"),
        ("unmap p0 at=w0 len=1", "ok"),
        ("read p0 at=w0", "NotMapped"),
        ("write p0 at=w0 bits=1", "NotMapped"),
        ("execute p0 at=w0", "NotMapped"));

    [Theory]
    [InlineData(7)]
    [InlineData(6)]
    public void WhenMemoryMayBeExecutedThenInstructionsAreFetched(int rights) => Agree(
        ($"map p0 at=w0 len=1 bits={rights} flags=0x12", "w0"),
        ("write p0 at=w0 bits=144", "00"),
        ("execute p0 at=w0", "fetched"),
        ("protect p0 at=w0 len=1 bits=5", "ok"),
        ("execute p0 at=w0", "fetched"));

    [Theory]
    [InlineData("0x12")]
    [InlineData("0x11")]
    public void WhenMemoryMayNotBeExecutedThenAFetchIsASignal(string flags) => Agree(
        ($"map p0 at=w0 len=2 bits=3 flags={flags}", "w0"),
        ("write p0 at=w0 bits=144", "00"),
        ("execute p0 at=w0", "NotPermitted"),
        ("execute p0 at=w1", "NotPermitted"),
        ("protect p0 at=w0 len=2 bits=7", "ok"),
        ("execute p0 at=w0", "fetched"),
        ("protect p0 at=w0 len=2 bits=1", "ok"),
        ("execute p0 at=w0", "NotPermitted"));

    [Fact]
    public void WhenARangeIsUnalignedOrWrapsThenProtectIsRefused() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12", "w0"),
        ("protect p0 at=w0+1 len=0+4095 bits=1", "EINVAL"),
        ("protect p0 at=w0 len=4503599627370495+4095 bits=1", "ENOMEM"),
        ("write p0 at=w0 bits=1", "00"));
}
