using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

/// <summary>The results were taken from Linux 6.18.</summary>
public class RemapTests
{
    private const RemapFlags MayMove = RemapFlags.MayMove;
    private const RemapFlags Fixed = RemapFlags.MayMove | RemapFlags.Fixed;

    [Theory]
    [InlineData(Window, P, P, 8, 0, Errno.EINVAL)]
    [InlineData(Window + 1, P, P, 0, 0, Errno.EINVAL)]
    [InlineData(Window, P, 0, 0, 0, Errno.EINVAL)]
    [InlineData(Window, 0, P, 1, 0, Errno.EINVAL)]
    [InlineData(Window, 0, P, 0, 0, Errno.EINVAL)]
    [InlineData(Window, P, 1UL << 47, 0, 0, Errno.EINVAL)]
    [InlineData(Window, P, 1UL << 47, 1, 0, Errno.EINVAL)]
    [InlineData(Window, P, P, 2, Window + 0x14000, Errno.EINVAL)]
    [InlineData(Window, P, P, 3, Window + 0x14001, Errno.EINVAL)]
    [InlineData(Window, 2 * P, 2 * P, 3, Window + P, Errno.EINVAL)]
    [InlineData(Window, 2 * P, P, 5, 0, Errno.EINVAL)]
    [InlineData(Window, P, P, 4, 0, Errno.EINVAL)]
    [InlineData(Window + 0x14000, P, P, 0, 0, Errno.EFAULT)]
    [InlineData(Window + 0x14000, P, 2 * P, 1, 0, Errno.EFAULT)]
    [InlineData(Window, 5 * P, 6 * P, 1, 0, Errno.EFAULT)]
    [InlineData(Window, 5 * P, 5 * P, 0, 0, Errno.None)]
    [InlineData(Window, 5 * P, 5 * P, 1, 0, Errno.None)]
    [InlineData(Window, 5 * P, 4 * P, 0, 0, Errno.None)]
    [InlineData(Window, P, ulong.MaxValue, 1, 0, Errno.EINVAL)]
    [InlineData(Window, ulong.MaxValue, P, 1, 0, Errno.EINVAL)]
    [InlineData(Window, P, P, 3, 0x1000, Errno.EPERM)]
    [InlineData(Window, P, P, 3, 0x7fff_ffff_f000, Errno.EINVAL)]
    [InlineData(Window, P, 2 * P, 3, 0x7fff_ffff_e000, Errno.EINVAL)]
    [InlineData(0x7fff_ffff_e000, P, P, 0, 0, Errno.EFAULT)]
    public void WhenTheRequestIsWrongThenLinuxsErrorIsReturned(
        ulong address, ulong oldLength, ulong newLength, int flags, ulong newAddress, Errno expected)
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0, 3);
        Assert.Equal(expected, test.Space.TryRemap(address, oldLength, newLength, (RemapFlags)flags, newAddress, out _));
        Assert.Equal("AAAA", test.Strip);
        Assert.Equal((1, 4), (test.Read(0), test.Read(3)));
    }

    [Fact]
    public void WhenTheOldLengthOfAShrinkLeavesTheUsersAddressesThenItIsRefusedAndNothingChanges()
    {
        using var test = new TestSpace();
        test.Map(0, 3);
        Assert.Equal(Errno.EINVAL, test.Space.TryRemap(At(0), 1UL << 47, P, RemapFlags.MayMove, 0, out ulong mapped));
        Assert.Equal(0UL, mapped);
        Assert.Equal("AAA", test.Strip);
    }

    [Fact]
    public void WhenTheRoomAboveIsFreeThenItGrowsInPlaceAndMeetsItsNeighbour()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Touch(0);
        test.Map(2, 1);
        Assert.Equal(Errno.None, test.TryRemap(0, 1, 2, RemapFlags.None));
        Assert.Equal("AAA", test.Strip);
        test.Touch(1, 2);
        Assert.Equal(1, test.Read(0));
    }

    [Fact]
    public void WhenThePartEndsWithinItsAreaThenGrowingMovesIt()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0, 1, 2, 3);
        Assert.Equal(Errno.ENOMEM, test.TryRemap(1, 1, 2, RemapFlags.None));
        ulong moved = test.Space.Remap(At(1), P, 2 * P, MayMove);
        Assert.Equal("A.BB", test.Strip);
        Assert.Equal(2, test.Accessor.Read<byte>(moved));
        Assert.Equal(0, test.Accessor.Read<byte>(moved + P));
        Assert.Equal([1, 3, 4], new[] { 0, 2, 3 }.Select(page => (int)test.Read(page)));
    }

    [Fact]
    public void WhenUntouchedMemoryMovesThenItMergesThereAndBack()
    {
        using var test = new TestSpace();
        test.Map(0, 2);
        test.Map(11, 1);
        Assert.Equal(Errno.None, test.TryRemap(1, 1, 1, Fixed, 10));
        Assert.Equal("A.........BB", test.Strip);
        Assert.Equal(Errno.None, test.TryRemap(10, 1, 1, Fixed, 1));
        Assert.Equal("AA.........B", test.Strip);
    }

    [Fact]
    public void WhenWrittenMemoryMovesThenItsOffsetComesAlong()
    {
        using var test = new TestSpace();
        test.Map(0, 2);
        test.Touch(0, 1);
        Assert.Equal(Errno.None, test.TryRemap(1, 1, 1, Fixed, 10));
        test.Map(11, 1);
        Assert.Equal("A.........BC", test.Strip);
        Assert.Equal(2, test.Read(10));
        Assert.Equal(Errno.None, test.TryRemap(10, 1, 1, Fixed, 1));
        Assert.Equal("AA.........B", test.Strip);
        Assert.Equal((1, 2), (test.Read(0), test.Read(1)));
    }

    [Fact]
    public void WhenAShrinkSpansAreasThenAllOfThemAreCut()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Protect(1, 1, R);
        Assert.Equal(Errno.None, test.TryRemap(0, 3, 1, RemapFlags.None));
        Assert.Equal("A..B", test.Strip);
    }

    [Fact]
    public void WhenAShrinkKeepsMoreThanOneAreaThenItMayNotMove()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Protect(1, 1, R);
        Assert.Equal(Errno.EFAULT, test.TryRemap(0, 3, 2, Fixed, 20));
        Assert.Equal(Errno.EFAULT, test.TryRemap(0, 3, 5, MayMove));
        Assert.Equal(Errno.None, test.TryRemap(0, 3, 2, RemapFlags.None));
        Assert.Equal("AB.C", test.Strip);
    }

    [Fact]
    public void WhenAShrinkMovesThenTheRestIsUnmapped()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0, 1, 2, 3);
        Assert.Equal(Errno.None, test.TryRemap(0, 3, 1, Fixed, 8));
        Assert.Equal("...A....B", test.Strip);
        Assert.Equal((4, 1), (test.Read(3), test.Read(8)));
    }

    [Theory]
    [InlineData(0, 3, Errno.None, "...A....BCD")]
    [InlineData(0, 6, Errno.None, "........BCDD")]
    public void WhenAMoveKeepsTheSizeThenItMaySpanAreasAndHoles(int at, int pages, Errno expected, string strip)
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0, 1, 2, 3);
        test.Protect(1, 1, R);
        Assert.Equal(expected, test.TryRemap(at, pages, pages, Fixed, 8));
        Assert.Equal(strip.Replace('B', pages == 6 ? 'A' : 'B').Replace('C', pages == 6 ? 'B' : 'C').Replace('D', pages == 6 ? 'C' : 'D'), test.Strip);
        Assert.Equal([1, 2, 3], Enumerable.Range(8, 3).Select(page => (int)test.Read(page)));
    }

    [Fact]
    public void WhenAMoveOfSeveralBeginsWithAHoleThenItFails()
    {
        using var test = new TestSpace();
        test.Map(1, 1);
        Assert.Equal(Errno.EFAULT, test.TryRemap(0, 3, 3, Fixed, 8));
        Assert.Equal(".A", test.Strip);
    }

    [Fact]
    public void WhenAMoveOfSeveralHasAHoleThenTheDistanceStays()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Map(2, 1);
        Assert.Equal(Errno.None, test.TryRemap(0, 3, 3, Fixed, 8));
        Assert.Equal("........A.B", test.Strip);
    }

    [Fact]
    public void WhenTheSourceIsKeptThenItIsEmptyAndItsPagesHaveMoved()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0, 3);
        Assert.Equal(Errno.None, test.TryRemap(0, 4, 4, Fixed | RemapFlags.DontUnmap, 8));
        Assert.Equal("AAAA....BBBB", test.Strip);
        Assert.Equal((0, 0, 1, 4), (test.Read(0), test.Read(3), test.Read(8), test.Read(11)));
    }

    [Fact]
    public void WhenAKeptSourceWasLockedThenAllOfItIsUnlocked()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Space.MemoryLock(At(0), 4 * P);
        Assert.Equal(Errno.None, test.TryRemap(1, 1, 1, Fixed | RemapFlags.DontUnmap, 8));
        Assert.Equal("AAAA....B", test.Strip);
        Assert.False(Has(test.AreaAt(0), "lo"));
        Assert.True(Has(test.AreaAt(8), "lo"));
    }

    [Fact]
    public void WhenUntouchedMemoryMovesNextToItselfThenItMergesWithItself()
    {
        using var test = new TestSpace();
        test.Map(0, 2);
        Assert.Equal(Errno.None, test.TryRemap(0, 1, 1, Fixed, 2));
        Assert.Equal(".AA", test.Strip);
        Assert.Equal(Errno.None, test.TryRemap(1, 1, 1, Fixed | RemapFlags.DontUnmap, 3));
        Assert.Equal(".AAA", test.Strip);
        test.Touch(1, 2, 3);
    }

    [Fact]
    public void WhenTheTargetIsThePartBelowThenItIsReplaced()
    {
        using var test = new TestSpace();
        test.Map(0, 2);
        test.Touch(0, 1);
        Assert.Equal(Errno.None, test.TryRemap(1, 1, 1, Fixed, 0));
        Assert.Equal("A", test.Strip);
        Assert.Equal(2, test.Read(0));
    }

    [Fact]
    public void WhenTheOldLengthIsZeroThenSharedMemoryIsMappedASecondTime()
    {
        using var test = new TestSpace();
        test.Map(0, 4, RW, Shared);
        Assert.Equal(Errno.ENOMEM, test.TryRemap(0, 0, 2, RemapFlags.None));
        Assert.Equal(Errno.None, test.TryRemap(1, 0, 2, Fixed, 8));
        Assert.Equal("AAAA....BB", test.Strip);
        Assert.Equal(P, test.AreaAt(8).Offset);
        test.Touch(8);
        Assert.Equal(9, test.Read(1));
    }

    [Fact]
    public void WhenSharedMemoryGrowsThenWhatIsBeyondTheObjectIsABusError()
    {
        using var test = new TestSpace();
        test.Map(0, 1, RW, Shared);
        Assert.Equal(Errno.None, test.TryRemap(0, 1, 2, RemapFlags.None));
        Assert.Equal("AA", test.Strip);
        var fault = Assert.Throws<MemoryFaultException>(() => test.Read(1));
        Assert.Equal(FaultSignal.BusError, fault.Signal);
    }

    [Fact]
    public void WhenGrowthExceedsALimitThenNothingChanges()
    {
        using var test = new TestSpace();
        test.Map(0, 2);
        test.Space.Limits.AddressSpace = 2 * P;
        Assert.Equal(Errno.ENOMEM, test.TryRemap(0, 2, 3, MayMove));
        Assert.Equal(Errno.ENOMEM, test.TryRemap(0, 2, 2, Fixed | RemapFlags.DontUnmap, 8));
        Assert.Equal(Errno.None, test.TryRemap(0, 2, 2, Fixed, 8));
        Assert.Equal("........AA", test.Strip);
    }

    [Fact]
    public void WhenNoFrameIsLeftForATableThenAMoveIsUndone()
    {
        using var test = new TestSpace(frames: 64);
        test.Map(0, 8);
        test.Touch(0, 7);
        var taken = new List<uint>();
        while (test.Memory.Frames.TryAllocate() is var pfn and not 0) taken.Add(pfn);
        Errno error = test.Space.TryRemap(At(0), 8 * P, 8 * P, Fixed, 0x2000_0000_0000, out _);
        foreach (uint pfn in taken) test.Memory.Frames.Free(pfn);
        Assert.Equal(Errno.ENOMEM, error);
        Assert.Equal("AAAAAAAA", test.Strip);
        Assert.Equal((1, 8), (test.Read(0), test.Read(7)));
    }
}
