using static Faultline.Differential.Suite;

namespace Faultline.Differential.Cases;

/// <summary><c>mmap</c> of files: those in memory, which are the same on every host.</summary>
public class FileMapTests
{
    [Theory]
    [InlineData("0x11")]
    [InlineData("0x12")]
    public void WhenAFileIsMappedThenItsContentsAreThere(string flags) => Agree(
        ("filewrite p0 bits=72 file=1", "ok"),
        ("filewrite p0 off=0+11 bits=33 file=1", "ok"),
        ($"map p0 at=w0 len=1 bits=1 flags={flags} file=1", "w0"),
        ("read p0 at=w0", "48"),
        ("read p0 at=w0+11", "21"),
        ("read p0 at=w0+12", "00"));

    [Fact]
    public void WhenAMapBeginsWithinAFileThenItBeginsWithThatPage() => Agree(
        ("filewrite p0 off=1 bits=72 file=1", "ok"),
        ("filewrite p0 off=2+4095 bits=33 file=1", "ok"),
        ("map p0 at=w0 len=2 bits=1 flags=0x12 file=1 off=1", "w0"),
        ("read p0 at=w0", "48"),
        ("read p0 at=w1+4095", "21"));

    [Theory]
    [InlineData("0x11")]
    [InlineData("0x12")]
    public void WhenAMapBeginsBehindTheEndThenEachAccessIsABusError(string flags) => Agree(
        ("truncate p0 len=0+2048 file=1", "ok"),
        ($"map p0 at=w0 len=1 bits=3 flags={flags} file=1 off=10", "w0"),
        ("write p0 at=w0 bits=1", "BusError"),
        ("read p0 at=w0", "BusError"));

    /// <summary>The last page before 2^63 has an end that is no offset; those behind it are negative.</summary>
    [Theory]
    [InlineData("2251799813685247")]
    [InlineData("2251799813685248")]
    [InlineData("4503599627370494")]
    [InlineData("4503599627370495")]
    public void WhenAnOffsetCannotBeThenMapSaysThatItOverflows(string offset) => Agree(
        ("map p0 len=1 bits=1 flags=0x1 file=1 off=2251799813685246", "t-1"),
        ($"map p0 len=1 bits=1 flags=0x1 file=1 off={offset}", "EOVERFLOW"));

    [Fact]
    public void WhenAFileIsOpenForReadingThenPrivateMapsOfItAreWritten() => Agree(
        ("map p0 at=w0 len=1 bits=3 flags=0x12 file=2", "w0"),
        ("write p0 at=w0 bits=72", "00"),
        ("read p0 at=w0", "48"),
        ("fileread p0 file=2", "00"),
        ("map p0 at=w4 len=1 bits=3 flags=0x11 file=2", "EACCES"));

    [Theory]
    [InlineData(1, "0x11")]
    [InlineData(2, "0x11")]
    [InlineData(3, "0x11")]
    [InlineData(1, "0x12")]
    [InlineData(2, "0x12")]
    [InlineData(3, "0x12")]
    [InlineData(0, "0x12")]
    public void WhenAFileIsNotOpenForReadingThenItIsNotMapped(int rights, string flags) => Agree(
        ($"map p0 at=w0 len=1 bits={rights} flags={flags} file=3", "EACCES"));

    [Theory]
    [InlineData(1, "0x8011")]
    [InlineData(2, "0x8011")]
    [InlineData(3, "0x8011")]
    [InlineData(1, "0x8012")]
    [InlineData(2, "0x8012")]
    [InlineData(3, "0x8012")]
    public void WhenAMapIsPopulatedThenAShortFileIsNoObstacle(int rights, string flags) => Agree(
        ("truncate p0 len=0+2048 file=1", "ok"),
        ($"map p0 at=w0 len=1 bits={rights} flags={flags} file=1", "w0"),
        ($"map p0 at=w4 len=2 bits={rights} flags={flags} file=1", "w4"),
        ("core p0 at=w4 len=2", "ok 10"));

    [Fact]
    public void WhenAFileIsOverwrittenThenSharedMapsShowIt() => Agree(
        ("filewrite p0 bits=97 file=1", "ok"),
        ("filewrite p0 off=1+4095 bits=98 file=1", "ok"),
        ("map p0 at=w0 len=2 bits=1 flags=0x11 file=1", "w0"),
        ("read p0 at=w0", "61"),
        ("read p0 at=w1+4095", "62"),
        ("filewrite p0 bits=98 file=1", "ok"),
        ("filewrite p0 off=1+2047 bits=99 file=1", "ok"),
        ("read p0 at=w0", "62"),
        ("read p0 at=w1+2047", "63"),
        ("read p0 at=w1+2048", "00"),
        ("read p0 at=w1+4095", "62"));

    [Fact]
    public void WhenMoreIsOverwrittenThanIsMappedThenTheFileHasItToo() => Agree(
        ("filewrite p0 off=1+4095 bits=97 file=1", "ok"),
        ("map p0 at=w0 len=1 bits=1 flags=0x11 file=1", "w0"),
        ("filewrite p0 off=0+4095 bits=98 file=1", "ok"),
        ("filewrite p0 off=1 bits=98 file=1", "ok"),
        ("read p0 at=w0+4095", "62"),
        ("read p0 at=w1", "NotMapped"),
        ("fileread p0 off=0+4095 file=1", "62"),
        ("fileread p0 off=1 file=1", "62"),
        ("fileread p0 off=1+4095 file=1", "61"));

    [Fact]
    public void WhenASharedMapIsWrittenAndUnmappedThenTheFileHasIt() => Agree(
        ("truncate p0 len=0+2048 file=1", "ok"),
        ("map p0 at=w0 len=1 bits=3 flags=0x11 file=1", "w0"),
        ("write p0 at=w0 bits=72", "00"),
        ("unmap p0 at=w0 len=1", "ok"),
        ("fileread p0 file=1", "48"));

    [Fact]
    public void WhenASharedMapIsWrittenBehindTheEndThenTheFileDoesNotGrow() => Agree(
        ("truncate p0 len=0+2048 file=1", "ok"),
        ("map p0 at=w0 len=1 bits=3 flags=0x11 file=1", "w0"),
        ("write p0 at=w0+2047 bits=65", "00"),
        ("write p0 at=w0+2048 bits=66", "00"),
        ("unmap p0 at=w0 len=1", "ok"),
        ("fileread p0 off=0+2047 file=1", "41"),
        ("fileread p0 off=0+2048 file=1", "ok"));

    [Fact]
    public void WhenAFileGrowsThenWritesToItsNewEndReachIt() => Agree(
        ("truncate p0 len=0+2048 file=1", "ok"),
        ("map p0 at=w0 len=1 bits=3 flags=0x11 file=1", "w0"),
        ("write p0 at=w0 bits=65", "00"),
        ("truncate p0 len=1 file=1", "ok"),
        ("write p0 at=w0+2048 bits=66", "00"),
        ("write p0 at=w0+4095 bits=67", "00"),
        ("unmap p0 at=w0 len=1", "ok"),
        ("fileread p0 file=1", "41"),
        ("fileread p0 off=0+2048 file=1", "42"),
        ("fileread p0 off=0+4095 file=1", "43"));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void WhenAFileShrinksAndGrowsThenSharedMapsAndTheFileAreZero(int rights) => Agree(
        ("filewrite p0 bits=65 file=1", "ok"),
        ("truncate p0 len=1 file=1", "ok"),
        ($"map p0 at=w0 len=1 bits={rights} flags=0x11 file=1", "w0"),
        ("read p0 at=w0", "41"),
        ("truncate p0 file=1", "ok"),
        ("truncate p0 len=1 file=1", "ok"),
        ("read p0 at=w0", "00"),
        ("sync p0 at=w0 len=1 flags=4", "ok"),
        ("fileread p0 file=1", "00"),
        ("unmap p0 at=w0 len=1", "ok"),
        ("fileread p0 file=1", "00"));

    /// <summary>Also a page that had been copied.</summary>
    [Theory]
    [InlineData("0x11")]
    [InlineData("0x12")]
    public void WhenAFileIsEmptiedThenItsMappedPagesAreBusErrors(string flags) => Agree(
        ("truncate p0 len=1 file=1", "ok"),
        ($"map p0 at=w0 len=1 bits=3 flags={flags} file=1", "w0"),
        ("write p0 at=w0 bits=72", "00"),
        ("truncate p0 file=1", "ok"),
        ("read p0 at=w0", "BusError"),
        ("write p0 at=w0 bits=1", "BusError"));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void WhenAFileShrinksWithinAPageThenTheRestOfThePageIsZero(int rights) => Agree(
        ("truncate p0 len=1 file=1", "ok"),
        ($"map p0 at=w0 len=1 bits={rights} flags=0x11 file=1", "w0"),
        ("filewrite p0 off=0+2047 bits=65 file=1", "ok"),
        ("filewrite p0 off=0+2048 bits=66 file=1", "ok"),
        ("read p0 at=w0+2048", "42"),
        ("truncate p0 len=0+2048 file=1", "ok"),
        ("read p0 at=w0+2047", "41"),
        ("read p0 at=w0+2048", "00"));

    [Fact]
    public void WhenAPrivateMapIsWrittenThenTheFileIsNot() => Agree(
        ("truncate p0 len=0+2048 file=1", "ok"),
        ("map p0 at=w0 len=1 bits=3 flags=0x12 file=1", "w0"),
        ("write p0 at=w0 bits=72", "00"),
        ("unmap p0 at=w0 len=1", "ok"),
        ("fileread p0 file=1", "00"));

    [Theory]
    [InlineData(1, "0x11")]
    [InlineData(2, "0x11")]
    [InlineData(3, "0x11")]
    [InlineData(1, "0x12")]
    [InlineData(2, "0x12")]
    [InlineData(3, "0x12")]
    public void WhenAMapReachesBehindTheEndThenOnlyPagesBehindItsPageAreBusErrors(int rights, string flags) => Agree(
        ("truncate p0 len=0+2048 file=1", "ok"),
        ($"map p0 at=w0 len=2 bits={rights} flags={flags} file=1", "w0"),
        ("read p0 at=w1", "BusError"),
        ("read p0 at=w0", "00"),
        ("read p0 at=w0+2049", "00"),
        ("protect p0 at=w0 len=2 bits=3", "ok"),
        ("write p0 at=w1 bits=1", "BusError"),
        ("write p0 at=w0 bits=72", "00"),
        ("write p0 at=w0+2049 bits=73", "00"),
        ("read p0 at=w0+2049", "49"));

    [Fact]
    public void WhenAWritableSharedMapIsReadFirstThenItsContentsAreThere() => Agree(
        ("filewrite p0 bits=72 file=1", "ok"),
        ("map p0 at=w0 len=2 bits=3 flags=0x11 file=1", "w0"),
        ("read p0 at=w0", "48"));

    [Fact]
    public void WhenALargeFileIsWrittenThroughAMapThenEachPartReachesIt() => Agree(
        ("truncate p0 len=1024 file=1", "ok"),
        ("map p0 at=w0 len=1024 bits=3 flags=0x11 file=1", "w0"),
        ("write p0 at=w0 bits=1", "00"),
        ("write p0 at=w15+4095 bits=2", "00"),
        ("write p0 at=w16 bits=3", "00"),
        ("write p0 at=w511+4095 bits=4", "00"),
        ("write p0 at=w512 bits=5", "00"),
        ("write p0 at=w1023+4095 bits=6", "00"),
        ("unmap p0 at=w0 len=1024", "ok"),
        ("fileread p0 file=1", "01"),
        ("fileread p0 off=15+4095 file=1", "02"),
        ("fileread p0 off=16 file=1", "03"),
        ("fileread p0 off=511+4095 file=1", "04"),
        ("fileread p0 off=512 file=1", "05"),
        ("fileread p0 off=1023+4095 file=1", "06"));
}
