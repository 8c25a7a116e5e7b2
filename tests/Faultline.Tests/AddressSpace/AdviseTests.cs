using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

/// <summary>The results were taken from Linux 6.18.</summary>
public class AdviseTests
{
    public static TheoryData<Advice> UnprivilegedAdvice => new(Enum.GetValues<Advice>().Except([Advice.HardwarePoison]));

    [Theory]
    [MemberData(nameof(UnprivilegedAdvice))]
    public void WhenTheRangeHasAHoleThenTheRestIsAdvisedAndTheHoleReported(Advice advice)
    {
        using var test = new TestSpace();
        test.Map(0, 2);
        test.Map(3, 1);
        bool refused = advice == Advice.Remove;
        Assert.Equal(refused ? Errno.EINVAL : Errno.None, test.TryAdvise(0, 2, advice));
        Assert.Equal(refused ? Errno.EINVAL : Errno.ENOMEM, test.TryAdvise(0, 4, advice));
        Assert.Equal(Errno.ENOMEM, test.TryAdvise(20, 1, advice));
        Assert.Equal(Errno.None, test.TryAdvise(20, 0, advice));
        Assert.Equal(test.AreaAt(0).Flags, test.AreaAt(3).Flags);
        Assert.Equal("AA.B", test.Strip);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(26)]
    [InlineData(99)]
    [InlineData(101)]
    public void WhenTheAdviceIsUnknownThenItIsRefused(int advice)
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        Assert.Equal(Errno.EINVAL, test.TryAdvise(0, 1, (Advice)advice));
        Assert.Equal(Errno.EINVAL, test.TryAdvise(0, 0, (Advice)advice));
    }

    [Theory]
    [InlineData(Window + 1, P)]
    [InlineData(Window, ulong.MaxValue)]
    [InlineData(Window, ulong.MaxValue - (4 * P))]
    public void WhenTheRangeIsWrongThenItIsRefused(ulong address, ulong length)
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        Assert.Equal(Errno.EINVAL, test.Space.TryAdvise(address, length, Advice.Normal));
    }

    [Fact]
    public void WhenMemoryIsLockedThenItCannotBeDropped()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0);
        test.Space.MemoryLock(Window, P);
        foreach (Advice advice in new[] { Advice.DontNeed, Advice.Free, Advice.Cold, Advice.PageOut, Advice.Remove })
            Assert.Equal(Errno.EINVAL, test.TryAdvise(0, 2, advice));
        Assert.Equal(1, test.Read(0));
        Assert.Equal(Errno.None, test.TryAdvise(0, 2, Advice.DontNeedLocked));
        Assert.Equal(0, test.Read(0));
    }

    [Fact]
    public void WhenMemoryIsSharedThenPrivateAdviceIsRefused()
    {
        using var test = new TestSpace();
        test.Map(0, 1, RW, Shared);
        Assert.Equal(Errno.EINVAL, test.TryAdvise(0, 1, Advice.Free));
        Assert.Equal(Errno.EINVAL, test.TryAdvise(0, 1, Advice.WipeOnFork));
        Assert.Equal(Errno.None, test.TryAdvise(0, 1, Advice.Mergeable));
        Assert.False(Has(test.AreaAt(0), "mg"));
        test.Touch(0);
        Assert.Equal(Errno.None, test.TryAdvise(0, 1, Advice.DontNeed));
        Assert.Equal(1, test.Read(0));
        Assert.Equal(Errno.None, test.TryAdvise(0, 1, Advice.Remove));
        Assert.Equal(0, test.Read(0));
    }

    [Fact]
    public void WhenPagesAreDroppedThenTheyReadAsZero()
    {
        using var test = new TestSpace();
        test.Map(0, 4);
        test.Touch(0, 1, 2, 3);
        Assert.Equal(Errno.None, test.TryAdvise(1, 2, Advice.DontNeed));
        Assert.Equal([1, 0, 0, 4], Enumerable.Range(0, 4).Select(page => (int)test.Read(page)));
        Assert.Equal("AAAA", test.Strip);
    }

    [Fact]
    public void WhenPopulatingThenTheRightIsNeededAndAHoleEndsIt()
    {
        using var test = new TestSpace();
        test.Map(0, 4, R);
        test.Protect(2, 1, Protection.None);
        Assert.Equal(Errno.EINVAL, test.TryAdvise(0, 4, Advice.PopulateRead));
        Assert.Equal(Errno.EINVAL, test.TryAdvise(0, 4, Advice.PopulateWrite));
        Assert.Equal(Errno.None, test.TryAdvise(0, 2, Advice.PopulateRead));
        Assert.Equal(Errno.ENOMEM, test.TryAdvise(3, 2, Advice.PopulateRead));
        var resident = new byte[4];
        test.Space.MinCore(Window, 4 * P, resident);
        Assert.Equal([1, 1, 0, 1], resident);

        test.Map(4, 1, Protection.Write);
        Assert.Equal(Errno.EINVAL, test.TryAdvise(4, 1, Advice.PopulateRead));
        Assert.Equal(Errno.None, test.TryAdvise(4, 1, Advice.PopulateWrite));
    }

    [Fact]
    public void WhenPopulatingBeyondTheEndOfAnObjectThenItFails()
    {
        using var test = new TestSpace();
        test.Map(0, 1, RW, Shared);
        test.Space.Remap(Window, P, 2 * P, RemapFlags.None);
        Assert.Equal(Errno.EFAULT, test.TryAdvise(0, 2, Advice.PopulateRead));
    }

    [Fact]
    public void WhenNoFrameIsLeftThenPopulatingFails()
    {
        using var test = new TestSpace(frames: 64);
        test.Map(0, 32);
        test.Space.Map(0x2000_0000_0000, 128 * P, RW, Private | MapFlags.NoReserve);
        Assert.Equal(Errno.ENOMEM, test.Space.TryAdvise(0x2000_0000_0000, 128 * P, Advice.PopulateWrite));
    }

    [Fact]
    public void WhenTheMapCountForbidsASplitThenItIsTryAgain()
    {
        using var test = new TestSpace(new AddressSpaceOptions { MaximumAreas = 1 });
        test.Map(0, 2);
        Assert.Equal(Errno.EAGAIN, test.TryAdvise(0, 1, Advice.Random));
        Assert.Equal("AA", test.Strip);
        Assert.Equal(Errno.None, test.TryAdvise(0, 2, Advice.Random));
        Assert.Equal("rd wr mr mw me rr ac", test.AreaAt(0).Flags);
    }
}
