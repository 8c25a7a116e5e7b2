using Faultline.Files;
using Faultline.Tests.Physical;

namespace Faultline.Tests.Files;

public class SharedAnonymousFileTests
{
    [Fact]
    public void PagesAreZeroUpToTheLengthOfTheMapping()
    {
        using var test = new TestMemory();
        using var file = new SharedAnonymousFile(test.Memory, 2 * 4096);
        Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(1, out uint pfn));
        Assert.False(test.Memory.Contents(pfn).ContainsAnyExcept((byte)0));
        Assert.Equal(FileResult.BeyondEnd, file.Cache.GetOrRead(2, out _));
        test.Memory.Release(pfn);
    }

    [Fact]
    public void EachIsAnObjectOfItsOwnOnDeviceZeroOne()
    {
        using var test = new TestMemory();
        using var first = new SharedAnonymousFile(test.Memory, 4096);
        using var second = new SharedAnonymousFile(test.Memory, 4096);
        Assert.Equal("/dev/zero (deleted)", first.Name);
        Assert.Equal((0u, 1u), (first.Identity.Major, first.Identity.Minor));
        Assert.NotEqual(first.Identity, second.Identity);
    }
}
