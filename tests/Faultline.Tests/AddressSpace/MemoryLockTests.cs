using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

/// <summary>The results were taken from Linux 6.18.</summary>
public class MemoryLockTests
{
    [Fact]
    public void WhenPartOfAPageIsLockedThenAllPagesItTouchesAre()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        Assert.Equal(Errno.None, test.Space.TryMemoryLock(Window + 1, P));
        Assert.Equal("AABB", test.Strip);
        var resident = new byte[4];
        test.Space.MinCore(Window, 4 * P, resident);
        Assert.Equal([1, 1, 0, 0], resident);
    }

    [Fact]
    public void WhenAHoleFollowsThenWhatComesBeforeIsLocked()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Map(5, 1);
        Assert.Equal(Errno.ENOMEM, test.Space.TryMemoryLock(At(1), 5 * P));
        Assert.Equal("ABBB.C", test.Strip);
        Assert.Equal(Errno.ENOMEM, test.Space.TryMemoryUnlock(Window, 6 * P));
        Assert.Equal("AAAA.B", test.Strip);
        Assert.Equal(0UL, test.Space.Usage.Locked);
    }

    [Theory]
    [InlineData(Window + (20 * P), P, Errno.ENOMEM)]
    [InlineData(Window, 0, Errno.None)]
    [InlineData(Window + (20 * P), 0, Errno.None)]
    [InlineData(Window, ulong.MaxValue, Errno.None)]
    [InlineData(Window + P, ulong.MaxValue - (2 * P), Errno.EINVAL)]
    public void WhenTheRangeIsUnusualThenTheResultIsLinuxs(ulong address, ulong length, Errno expected)
    {
        using var test = new TestSpace(new AddressSpaceOptions { Privileged = true });
        test.Map(0, 4);
        Assert.Equal(expected, test.Space.TryMemoryLock(address, length));
        Assert.Equal(expected, test.Space.TryMemoryUnlock(address, length));
        Assert.Equal("AAAA", test.Strip);
    }

    [Fact]
    public void WhenAPageCannotBeHadThenTheAreaIsLockedAllTheSame()
    {
        using var test = new TestSpace();
        test.Map(0, 3);
        test.Map(3, 1, Protection.None);
        Assert.Equal(Errno.ENOMEM, test.Space.TryMemoryLock(Window, 4 * P));
        Assert.Equal(4UL, test.Space.Usage.Locked);
    }

    [Fact]
    public void WhenLockedOnFaultThenNothingIsFaultedIn()
    {
        using var test = new TestSpace();
        test.Map(0, 2);
        test.Space.MemoryLock(Window, P, onFault: true);
        Assert.Equal("AB", test.Strip);
        Assert.Equal("rd wr mr mw me lo lf ac", test.AreaAt(0).Flags);
        var resident = new byte[1];
        test.Space.MinCore(Window, P, resident);
        Assert.Equal([0], resident);
        test.Space.MemoryLock(Window, P);
        test.Space.MinCore(Window, P, resident);
        Assert.Equal([1], resident);
    }

    [Fact]
    public void WhenTheLimitIsReachedThenOnlyWhatIsLockedAlreadyMayBeLocked()
    {
        using var test = new TestSpace();
        test.Space.Limits.MemoryLock = 2 * P;
        test.Map(0, 8);
        Assert.Equal(Errno.ENOMEM, test.Space.TryMemoryLock(Window, 3 * P));
        Assert.Equal(Errno.None, test.Space.TryMemoryLock(Window, 2 * P));
        Assert.Equal(Errno.None, test.Space.TryMemoryLock(Window, 2 * P));
        Assert.Equal(Errno.ENOMEM, test.Space.TryMemoryLock(At(1), 2 * P));
        Assert.Equal(Errno.EAGAIN, test.TryMap(20, 1, RW, Private | MapFlags.Locked));
        Assert.Equal(Errno.ENOMEM, test.Space.TryMemoryLockAll(LockAllFlags.Current));
        Assert.Equal(Errno.None, test.Space.TryMemoryLockAll(LockAllFlags.Future));
        Assert.Equal(Errno.EAGAIN, test.TryMap(20, 1));
        Assert.Equal(Errno.EAGAIN, test.TryRemap(0, 2, 3, RemapFlags.MayMove));
        test.Space.MemoryUnlockAll();
        Assert.Equal("AAAAAAAA", test.Strip);
        Assert.Equal(Errno.None, test.TryMap(20, 1));
    }

    [Fact]
    public void WhenTheLimitIsZeroThenLockingIsForbiddenButUnlockingIsNot()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Space.Limits.MemoryLock = 0;
        Assert.Equal(Errno.EPERM, test.Space.TryMemoryLock(Window, P));
        Assert.Equal(Errno.EPERM, test.Space.TryMemoryLock(Window, 0));
        Assert.Equal(Errno.None, test.Space.TryMemoryUnlock(Window, P));
        Assert.Equal(Errno.EPERM, test.TryMap(2, 1, RW, Private | MapFlags.Locked));
        Assert.Equal(Errno.EPERM, test.Space.TryMemoryLockAll(LockAllFlags.Current));
        Assert.Equal(Errno.EINVAL, test.Space.TryMemoryLockAll(LockAllFlags.None));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(8)]
    public void WhenNothingSensibleIsAskedForThenItIsRefused(int flags)
    {
        using var test = new TestSpace();
        Assert.Equal(Errno.EINVAL, test.Space.TryMemoryLockAll((LockAllFlags)flags));
    }

    [Fact]
    public void WhenAllIsLockedThenItIsFaultedInAndNewMapsToo()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Space.MemoryLockAll(LockAllFlags.Current | LockAllFlags.Future);
        test.Map(1, 1);
        Assert.Equal("AA", test.Strip);
        var resident = new byte[2];
        test.Space.MinCore(Window, 2 * P, resident);
        Assert.Equal([1, 1], resident);
    }

    [Fact]
    public void WhenLockedPagesBecomeWritableThenTheyAreFaultedInButNoOthers()
    {
        using var test = new TestSpace();
        test.Map(0, 3, R);
        test.Space.MemoryLock(Window, P, onFault: false);
        test.Space.MemoryLock(At(2), P, onFault: false);
        test.TryAdvise(0, 3, Advice.DontNeedLocked);
        test.Protect(0, 3, RW);
        var resident = new byte[3];
        test.Space.MinCore(Window, 3 * P, resident);
        Assert.Equal([1, 0, 1], resident);
    }

    [Theory]
    [InlineData(RemapFlags.None, 0)]
    [InlineData(RemapFlags.MayMove | RemapFlags.Fixed, 8)]
    public void WhenALockedMappingGrowsThenTheNewPartIsFaultedIn(RemapFlags flags, int to)
    {
        using var test = new TestSpace();
        test.Map(0, 1, RW, Private | MapFlags.Locked);
        Assert.Equal(Errno.None, test.TryRemap(0, 1, 3, flags, to));
        var resident = new byte[3];
        test.Space.MinCore(At(to), 3 * P, resident);
        Assert.Equal([1, 1, 1], resident);
    }
}
