using static Faultline.Differential.Suite;

namespace Faultline.Differential.Cases;

/// <summary><c>msync</c> of each kind of memory. Flags: 1 later, 2 invalidate, 4 now; 0 is as 1.</summary>
public class MemorySyncTests
{
    private static readonly int[] s_flags = [0, 1, 4];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    public void WhenNothingIsMappedThenOnlyNothingIsSynchronised(int flags) => Agree(
        ($"sync p0 at=0 flags={flags}", "ok"),
        ($"sync p0 at=0 len=1 flags={flags}", "ENOMEM"),
        ($"sync p0 at=w0 len=1 flags={flags}", "ENOMEM"));

    [Theory]
    [InlineData(1, "0x12", 0)]
    [InlineData(3, "0x12", 0)]
    [InlineData(1, "0x11", 0)]
    [InlineData(3, "0x11", 0)]
    [InlineData(1, "0x12", 2)]
    [InlineData(3, "0x12", 1)]
    [InlineData(1, "0x11", 2)]
    [InlineData(3, "0x11", 1)]
    public void WhenMemoryIsMappedThenItIsSynchronisedByWholePages(int rights, string map, int file) => Agree(
    [
        ($"map p0 at=w0 len=1 bits={rights} flags={map} file={file}", "w0"),
        .. s_flags.SelectMany<int, (string, string)>(flags =>
        [
            ($"sync p0 at=w0 len=1 flags={flags}", "ok"),
            ($"sync p0 at=w0 len=0+4095 flags={flags}", "ok"),
            ($"sync p0 at=w0+1 len=0+4095 flags={flags}", "EINVAL"),
            ($"sync p0 at=w0 len=1 flags={flags | 2}", "ok"),
        ]),
        ("sync p0 at=w0 len=1 flags=5", "EINVAL"),
        ("sync p0 at=w0 len=1 flags=7", "EINVAL"),
    ]);
}
