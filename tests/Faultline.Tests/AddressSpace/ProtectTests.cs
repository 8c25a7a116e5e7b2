using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

/// <summary>The results were taken from Linux 6.18.</summary>
public class ProtectTests
{
    [Theory]
    [InlineData(Window + 1, P, 0, Errno.EINVAL)]
    [InlineData(Window, 0, 99, Errno.None)]
    [InlineData(Window, P, 99, Errno.EINVAL)]
    [InlineData(Window, P, 3 | 8, Errno.None)]
    [InlineData(Window, ulong.MaxValue, 0, Errno.ENOMEM)]
    [InlineData(Window + (20 * P), P, 0, Errno.ENOMEM)]
    [InlineData(Window, P, 3 | 0x0100_0000, Errno.EINVAL)]
    [InlineData(Window, P, 3 | 0x0200_0000, Errno.EINVAL)]
    [InlineData(Window, P, 3 | 0x0300_0000, Errno.EINVAL)]
    [InlineData(0xffff_ffff_ffff_f000, P, 0, Errno.ENOMEM)]
    public void WhenTheRequestIsWrongThenLinuxsErrorIsReturned(ulong address, ulong length, int protection, Errno expected)
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        Assert.Equal(expected, test.Space.TryProtect(address, length, (Protection)protection));
        Assert.Equal("AAAA", test.Strip);
        Assert.Equal("rw-p", test.Rights);
    }

    [Fact]
    public void WhenAHoleFollowsThenWhatComesBeforeIsChanged()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Map(6, 1);
        Assert.Equal(Errno.ENOMEM, test.TryProtect(3, 4, R));
        Assert.Equal("AAAB..C", test.Strip);
        Assert.Equal("rw-p r--p rw-p", test.Rights);
    }

    [Fact]
    public void WhenRightsGoAndComeThenAccessesFollow()
    {
        using var test = new TestSpace();
        test.Map(0, 3);
        test.Touch(0, 1, 2);
        test.Protect(0, 3, R);
        Assert.Equal(FaultSignal.NotPermitted, Assert.Throws<MemoryFaultException>(() => test.Touch(1)).Signal);
        Assert.Equal(2, test.Read(1));
        test.Protect(1, 1, Protection.None);
        Assert.Equal("ABC", test.Strip);
        Assert.Throws<MemoryFaultException>(() => test.Read(1));
        test.Protect(0, 3, RW);
        Assert.Equal("AAA", test.Strip);
        Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(page => (int)test.Read(page)));
        test.Touch(0, 1, 2);
    }

    [Fact]
    public void WhenSeveralAreasBecomeAlikeThenTheyBecomeOne()
    {
        using var test = new TestSpace();
        test.Map(0, 6);
        test.Touch(0);
        test.Protect(1, 1, R);
        test.Protect(3, 2, Protection.None);
        Assert.Equal("ABCDDE", test.Strip);
        test.Protect(0, 6, Protection.Read | Protection.Execute);
        Assert.Equal("AAAAAA", test.Strip);
        Assert.Equal("r-xp", test.Rights);
    }

    [Fact]
    public void WhenItGrowsDownThenRightsChangeFromTheStartOfTheStack()
    {
        using var test = new TestSpace();
        test.Map(0, 4, RW, Private | MapFlags.GrowsDown);
        Assert.Equal(Errno.None, test.TryProtect(2, 1, R | Protection.GrowsDown));
        Assert.Equal("AAAB", test.Strip);
        Assert.Equal("r--p rw-p", test.Rights);
    }

    [Fact]
    public void WhenTurningIntoDataExceedsALimitThenItIsRefused()
    {
        using var test = new TestSpace();
        test.Map(0, 4, R);
        test.Space.Limits.Data = 2 * P;
        Assert.Equal(Errno.ENOMEM, test.TryProtect(0, 4, RW));
        Assert.Equal(Errno.None, test.TryProtect(0, 2, RW));
        Assert.Equal("AABB", test.Strip);
        test.Space.Limits.Data = 0;
        Assert.Equal(Errno.None, test.TryProtect(0, 4, RW));
    }

    [Fact]
    public void WhenTheMapCountIsReachedThenOnlyChangesThatMergeGoThrough()
    {
        using var test = new TestSpace(new AddressSpaceOptions { MaximumAreas = 2 });
        test.Map(0, 4);
        test.Protect(0, 1, R);
        Assert.Equal("ABBB", test.Strip);
        Assert.Equal(Errno.ENOMEM, test.TryProtect(3, 1, R));
        Assert.Equal(Errno.ENOMEM, test.TryProtect(2, 1, R));
        Assert.Equal("ABBB", test.Strip);
        Assert.Equal(Errno.None, test.TryProtect(1, 1, R));
        Assert.Equal("AABB", test.Strip);
        Assert.Equal(Errno.None, test.TryProtect(1, 3, R));
        Assert.Equal("AAAA", test.Strip);
    }

    [Fact]
    public void WhenTheMapCountAdmitsOneOfTwoSplitsThenTheOneBelowIsMadeAndStays()
    {
        using var test = new TestSpace(new AddressSpaceOptions { MaximumAreas = 2 });
        test.Map(0, 4);
        Assert.Equal(Errno.ENOMEM, test.TryProtect(1, 1, R));
        Assert.Equal("ABBB", test.Strip);
        Assert.Equal(Errno.ENOMEM, test.TryProtect(2, 1, R));
        Assert.Equal("ABBB", test.Strip);
    }

    [Fact]
    public void WhenForkedPagesAreProtectedThenTheyStayCopyOnWrite()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Touch(0);
        using AddressSpace child = test.Space.Fork();
        test.Protect(0, 1, Protection.None);
        test.Protect(0, 1, RW);
        test.Accessor.Write(Window, (byte)77);
        using MemoryAccessor accessor = child.CreateAccessor();
        Assert.Equal(1, accessor.Read<byte>(Window));
        Assert.Equal(77, test.Read(0));
    }
}
