using Faultline.Tests.Files;
using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

/// <summary>The results were taken from Linux 6.18.</summary>
public class MapTests
{
    private const MapFlags Anonymous = MapFlags.Private | MapFlags.Anonymous;

    [Theory]
    [InlineData(0, 0, Anonymous, Errno.EINVAL)]
    [InlineData(0, P, MapFlags.Anonymous, Errno.EINVAL)]
    [InlineData(0, P, MapFlags.Anonymous | MapFlags.SharedValidate, Errno.EINVAL)]
    [InlineData(0, P, MapFlags.Anonymous | (MapFlags)8, Errno.EINVAL)]
    [InlineData(0, P, MapFlags.Private, Errno.EBADF)]
    [InlineData(0, ulong.MaxValue, Anonymous, Errno.ENOMEM)]
    [InlineData(0, 1UL << 47, Anonymous, Errno.ENOMEM)]
    [InlineData(0, (1UL << 47) - P, Anonymous | MapFlags.NoReserve, Errno.ENOMEM)]
    [InlineData(Window + 1, P, Anonymous | MapFlags.Fixed, Errno.EINVAL)]
    [InlineData(Window + 1, P, Anonymous | MapFlags.FixedNoReplace, Errno.EINVAL)]
    [InlineData(0x7fff_ffff_f000, P, Anonymous | MapFlags.Fixed, Errno.ENOMEM)]
    [InlineData(0, P, Anonymous | MapFlags.Fixed, Errno.EPERM)]
    [InlineData(0xf000, P, Anonymous | MapFlags.Fixed, Errno.EPERM)]
    [InlineData(0, P, MapFlags.Shared | MapFlags.Anonymous | MapFlags.GrowsDown, Errno.EINVAL)]
    [InlineData(0, P, Anonymous | MapFlags.HugeTlb, Errno.ENOMEM)]
    [InlineData(0, P, MapFlags.Shared | MapFlags.Anonymous | MapFlags.HugeTlb, Errno.ENOMEM)]
    [InlineData(0, P, Anonymous | MapFlags.HugeTlb | (MapFlags)(21 << 26), Errno.ENOMEM)]
    [InlineData(0, P, Anonymous | MapFlags.HugeTlb | (MapFlags)(30 << 26), Errno.ENOMEM)]
    [InlineData(Window + P, P, Anonymous | MapFlags.HugeTlb, Errno.ENOMEM)]
    [InlineData(Window, P, Anonymous | MapFlags.HugeTlb | MapFlags.Fixed, Errno.ENOMEM)]
    [InlineData(Window + P, P, Anonymous | MapFlags.HugeTlb | MapFlags.Fixed, Errno.EINVAL)]
    [InlineData(0, 0, Anonymous | MapFlags.HugeTlb, Errno.EINVAL)]
    [InlineData(0, P, Anonymous | MapFlags.HugeTlb | (MapFlags)(12 << 26), Errno.EINVAL)]
    [InlineData(0, P, Anonymous | MapFlags.HugeTlb | MapFlags.GrowsDown, Errno.EINVAL)]
    [InlineData(0, P, MapFlags.Anonymous | MapFlags.HugeTlb, Errno.EINVAL)]
    [InlineData(0, 1UL << 40, Anonymous, Errno.ENOMEM)]
    [InlineData(0, 1UL << 40, MapFlags.Shared | MapFlags.Anonymous, Errno.ENOMEM)]
    public void WhenTheRequestIsWrongThenLinuxsErrorIsReturned(ulong address, ulong length, MapFlags flags, Errno expected)
    {
        using var test = new TestSpace();
        Assert.Equal(expected, test.Space.TryMap(address, length, RW, flags, file: null, offset: 0, out ulong mapped));
        Assert.Equal(0UL, mapped);
        Assert.Empty(test.Space.ListAreas());
    }

    [Theory]
    [InlineData(Anonymous | (MapFlags)0x0400_0000)]
    [InlineData(Anonymous | MapFlags.Sync | (MapFlags)0x0080_0000)]
    [InlineData(Anonymous | MapFlags.DenyWrite | MapFlags.Executable | MapFlags.NonBlock)]
    [InlineData(MapFlags.Shared | MapFlags.Anonymous | (MapFlags)0x0800_0000)]
    public void WhenLinuxIgnoresAFlagThenItIsIgnored(MapFlags flags)
    {
        using var test = new TestSpace();
        Assert.Equal(Errno.None, test.Space.TryMap(0, P, RW, flags, out _));
    }

    [Fact]
    public void WhenUnlimitedMemoryIsAskedForWithoutReserveThenItIsMapped()
    {
        using var test = new TestSpace();
        test.Space.Map(0, 1UL << 40, RW, MapFlags.Private | MapFlags.NoReserve);
        test.Space.Map(0, 1UL << 40, RW, MapFlags.Shared | MapFlags.NoReserve);
        test.Space.Map(0, 1UL << 40, Protection.None, MapFlags.Private);
    }

    [Theory]
    [InlineData(0UL, Errno.None)]
    [InlineData(1UL, Errno.EINVAL)]
    [InlineData(0x7fff_ffff_ffff_e000UL, Errno.None)]
    [InlineData(0x7fff_ffff_ffff_f000UL, Errno.EOVERFLOW)]
    [InlineData(0xffff_ffff_ffff_f000UL, Errno.EOVERFLOW)]
    public void WhenAFileIsMappedThenItsOffsetMustBeAlignedAndRepresentable(ulong offset, Errno expected)
    {
        using var test = new TestSpace();
        using var file = new TestFile(test.Memory);
        Assert.Equal(expected, test.Space.TryMap(0, P, R, MapFlags.Private, file, offset, out _));
    }

    [Theory]
    [InlineData(MapFlags.SharedValidate, Errno.None)]
    [InlineData(MapFlags.SharedValidate | (MapFlags)0x0400_0000, Errno.None)]
    [InlineData(MapFlags.SharedValidate | MapFlags.Sync, Errno.EOPNOTSUPP)]
    [InlineData(MapFlags.SharedValidate | MapFlags.FixedNoReplace, Errno.EOPNOTSUPP)]
    [InlineData(MapFlags.Shared | MapFlags.Sync, Errno.None)]
    [InlineData(MapFlags.Private | MapFlags.GrowsDown, Errno.EINVAL)]
    [InlineData(MapFlags.Shared | MapFlags.GrowsDown, Errno.EINVAL)]
    public void WhenAFileIsMappedThenItsFlagsAreCheckedAsByLinux(MapFlags flags, Errno expected)
    {
        using var test = new TestSpace();
        using var file = new TestFile(test.Memory);
        Assert.Equal(expected, test.Space.TryMap(Window, P, R, flags, file, 0, out _));
    }

    [Fact]
    public void WhenTheFileLivesInOtherMemoryThenItIsRefused()
    {
        using var test = new TestSpace();
        using var other = new TestSpace();
        using var file = new TestFile(other.Memory);
        Assert.Throws<ArgumentException>(() => test.Space.Map(0, P, R, MapFlags.Private, file, 0));
    }

    [Fact]
    public void WhenAFileIsMappedThenTheAreaKeepsIt()
    {
        using var test = new TestSpace();
        var file = new TestFile(test.Memory);
        test.Space.Map(Window, 4 * P, R, Private, file, 8 * P);
        file.Dispose();
        Assert.False(file.IsReleased);
        Assert.Equal(9, test.Read(1));

        test.Unmap(1, 2);
        Assert.Equal("A..B", test.Strip);
        Assert.Equal(11UL * P, test.AreaAt(3).Offset);
        Assert.False(file.IsReleased);

        test.Unmap(0, 4);
        Assert.True(file.IsReleased);
    }

    [Fact]
    public void WhenFixedNoReplaceMeetsAnythingThenItIsRefused()
    {
        using var test = new TestSpace();
        test.Map(2, 2);
        Assert.Equal(Errno.EEXIST, test.TryMap(1, 2, RW, MapFlags.Private | MapFlags.FixedNoReplace));
        Assert.Equal(Errno.EEXIST, test.TryMap(3, 2, RW, MapFlags.Private | MapFlags.FixedNoReplace));
        Assert.Equal(Errno.None, test.TryMap(4, 2, R, MapFlags.Private | MapFlags.FixedNoReplace));
        Assert.Equal("..AABB", test.Strip);
    }

    [Fact]
    public void WhenAFixedMapCoversOthersThenTheirPagesAreGone()
    {
        using var test = new TestSpace();
        test.Map(0, 6);
        test.Touch(0, 1, 2, 3, 4, 5);
        test.Map(2, 2, RW, Shared);
        Assert.Equal("AABBCC", test.Strip);
        Assert.Equal([1, 2, 0, 0, 5, 6], Enumerable.Range(0, 6).Select(page => (int)test.Read(page)));
    }

    [Fact]
    public void WhenAFixedMapFailsForALimitThenAreasAreSplitButKeepTheirPages()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0, 1, 2, 3);
        test.Space.Limits.AddressSpace = 0;
        Assert.Equal(Errno.ENOMEM, test.TryMap(1, 2));
        Assert.Equal("ABBC", test.Strip);
        Assert.Equal([1, 2, 3, 4], Enumerable.Range(0, 4).Select(page => (int)test.Read(page)));
    }

    [Fact]
    public void WhenPopulateIsAskedForThenPagesAreThere()
    {
        using var test = new TestSpace();
        test.Map(0, 3, RW, Private | MapFlags.Populate);
        test.Map(3, 3, RW, Private | MapFlags.Populate | MapFlags.NonBlock);
        test.Map(6, 3, Protection.None, Private | MapFlags.Populate);
        var resident = new byte[9];
        test.Space.MinCore(Window, 9 * P, resident);
        Assert.Equal([1, 1, 1, 0, 0, 0, 0, 0, 0], resident);
    }

    [Fact]
    public void WhenWhatIsPopulatedMergesWithWhatFollowsThenPopulatingEnds()
    {
        using var test = new TestSpace();
        test.Map(2, 2);
        test.Map(0, 2, RW, Private | MapFlags.Populate);
        Assert.Equal("AAAA", test.Strip);
        var resident = new byte[4];
        test.Space.MinCore(Window, 4 * P, resident);
        Assert.Equal([1, 1, 0, 0], resident);
    }

    [Fact]
    public void WhenMemoryIsSharedThenAForkedChildSeesWrites()
    {
        using var test = new TestSpace();
        test.Map(0, 2, RW, Shared);
        using AddressSpace child = test.Space.Fork();
        test.Touch(1);
        using MemoryAccessor accessor = child.CreateAccessor();
        Assert.Equal(2, accessor.Read<byte>(At(1)));
    }

    [Fact]
    public void WhenTheMapCountIsReachedThenOneMoreIsMappedAndThenNone()
    {
        using var test = new TestSpace(new AddressSpaceOptions { MaximumAreas = 3 });
        for (int i = 0; i < 4; i++) Assert.Equal(Errno.None, test.TryMap(2 * i, 1));
        Assert.Equal(Errno.ENOMEM, test.TryMap(8, 1));
        Assert.Equal("A.B.C.D", test.Strip);
    }

    [Fact]
    public void WhenASessionIsOpenThenCallsThrowAndChangeNothing()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Touch(0);
        using (test.Accessor.OpenSession())
        {
            Assert.Throws<InvalidOperationException>(() => { test.Map(1, 1); });
            Assert.Throws<InvalidOperationException>(() => test.Unmap(0, 1));
            Assert.Throws<InvalidOperationException>(() => test.Protect(0, 1, R));
            Assert.Throws<InvalidOperationException>(() => { test.TryRemap(0, 1, 2, RemapFlags.None); });
            Assert.Throws<InvalidOperationException>(() => { test.TryAdvise(0, 1, Advice.DontNeed); });
            Assert.Throws<InvalidOperationException>(() => test.Space.Brk(0));
            Assert.Throws<InvalidOperationException>(() => test.Space.Fork());
            Assert.Throws<InvalidOperationException>(() => test.Space.Reset(0));
            Assert.Throws<InvalidOperationException>(() => test.Space.MinCore(Window, P, new byte[1]));
            Assert.Throws<InvalidOperationException>(() => test.Space.MemoryLock(Window, P));
            Assert.Throws<InvalidOperationException>(() => test.Space.MemoryUnlock(Window, P));
            Assert.Throws<InvalidOperationException>(() => test.Space.MemoryLockAll(LockAllFlags.Current));
            Assert.Throws<InvalidOperationException>(test.Space.MemoryUnlockAll);
            Assert.Throws<InvalidOperationException>(() => test.Space.Maps());
            Assert.Throws<InvalidOperationException>(() => test.Space.Smaps());
            Assert.Throws<InvalidOperationException>(test.Space.Dispose);
        }

        Assert.Equal("A", test.Strip);
        Assert.Equal(1, test.Read(0));
    }

    [Fact]
    public void WhenTheSpaceIsDisposedThenCallsThrow()
    {
        using var test = new TestSpace();
        var space = new AddressSpace(test.Memory);
        space.Dispose();
        space.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { space.Map(0, P, RW, MapFlags.Private); });
    }
}
