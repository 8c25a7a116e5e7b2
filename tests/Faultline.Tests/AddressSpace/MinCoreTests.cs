using Faultline.Tests.Files;
using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

/// <summary>The results were taken from Linux 6.18.</summary>
public class MinCoreTests
{
    [Theory]
    [InlineData(Window + 1, P, Errno.EINVAL)]
    [InlineData(Window, 0, Errno.None)]
    [InlineData(Window + (20 * P), 0, Errno.None)]
    [InlineData(Window + (20 * P), P, Errno.ENOMEM)]
    [InlineData(Window, 5 * P, Errno.ENOMEM)]
    [InlineData(Window, 1UL << 47, Errno.ENOMEM)]
    [InlineData(1UL << 47, P, Errno.ENOMEM)]
    [InlineData(0x7fff_ffff_e000, P, Errno.ENOMEM)]
    [InlineData(Window, 9 * P, Errno.EFAULT)]
    [InlineData(Window, 1, Errno.None)]
    public void WhenTheRangeIsWrongThenLinuxsErrorIsReturned(ulong address, ulong length, Errno expected)
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        Assert.Equal(expected, test.Space.TryMinCore(address, length, new byte[8]));
    }

    [Fact]
    public void WhenPagesWereTouchedThenTheyAreResident()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0);
        test.Read(1);
        test.Protect(0, 1, Protection.None);
        var resident = new byte[] { 9, 9, 9, 9, 9 };
        Assert.Equal(Errno.ENOMEM, test.Space.TryMinCore(Window, 5 * P, resident));
        Assert.Equal([1, 1, 0, 0, 9], resident);
    }

    [Fact]
    public void WhenAnObjectHasThePageThenItIsResidentWithoutAMapping()
    {
        using var test = new TestSpace();
        test.Map(0, 2, RW, Shared);
        test.Touch(0);
        test.TryAdvise(0, 2, Advice.DontNeed);
        using var file = new TestFile(test.Memory);
        test.Space.Map(At(2), 2 * P, R, Private, file, P);
        test.Space.Map(At(4), 2 * P, R, Private, file, 2 * P);
        test.Read(3);
        var resident = new byte[6];
        test.Space.MinCore(Window, 6 * P, resident);
        Assert.Equal([1, 0, 0, 1, 1, 0], resident);
    }
}
