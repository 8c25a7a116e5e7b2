using static Faultline.Differential.Suite;

namespace Faultline.Differential.Cases;

/// <summary>Limits that <c>mmap</c> and <c>brk</c> keep.</summary>
public class LimitTests
{
    [Fact]
    public void WhenDataIsUnlimitedThenTheHeapGrows() => Agree(
        ("limit p0 len=4503599627370495+4095 bits=2", "ok"),
        ("brk p0 at=h0+1", "h0+1"),
        ("write p0 at=h0 bits=1", "00"));

    [Fact]
    public void WhenDataHasNoRoomThenTheHeapStays() => Agree(
        ("limit p0 bits=2", "ok"),
        ("brk p0 at=h2", "h0"),
        ("limit p0 len=4503599627370495+4095 bits=2", "ok"),
        ("brk p0 at=h2", "h2"));

    [Fact]
    public void WhenAHeapEndIsNoAddressThenTheOldEndIsReturned() => Agree(
        ("brk p0 at=h3", "h3"),
        ("brk p0 at=t4096", "h3"),
        ("brk p0 at=0", "h3"),
        ("brk p0 at=h-1", "h3"),
        ("read p0 at=h2", "00"));

    [Fact]
    public void WhenARequestFitsTheLimitOfAddressesThenItIsMappedAndOtherwiseNot() => Agree(
        ("limit p0 len=52 bits=9", "ok"),
        ("map p0 len=51 flags=0x2", "ENOMEM"),
        ("map p0 len=50 flags=0x2", "t-50"),
        ("map p0 len=1 flags=0x2", "ENOMEM"));
}
