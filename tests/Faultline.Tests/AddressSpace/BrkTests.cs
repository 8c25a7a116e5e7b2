using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

public class BrkTests
{
    private static TestSpace WithHeap(ulong start = Window, AddressSpaceOptions? options = null)
    {
        var test = new TestSpace(options);
        test.Space.Reset(start);
        return test;
    }

    [Fact]
    public void WhenTheHeapGrowsAndShrinksThenItIsOneAreaWithItsPages()
    {
        using TestSpace test = WithHeap();
        Assert.Equal(Window, test.Space.Break);
        test.Space.Brk(At(2));
        test.Touch(0, 1);
        test.Space.Brk(At(4) - 1);
        Assert.Equal("AAAA", test.Strip);
        Assert.Equal("[heap]", test.AreaAt(0).Name);
        test.Space.Brk(At(1));
        Assert.Equal("A", test.Strip);
        test.Space.Brk(At(2));
        Assert.Equal((1, 0), (test.Read(0), test.Read(1)));
        Assert.Equal(At(2), test.Space.Break);
        test.Space.Brk(Window);
        Assert.Equal("", test.Strip);
    }

    [Fact]
    public void WhenTheBreakMovesWithinAPageThenNoAreaChanges()
    {
        using TestSpace test = WithHeap();
        test.Space.Brk(Window + 100);
        test.Space.Brk(Window + 50);
        Assert.Equal("A", test.Strip);
        Assert.Equal(Window + 50, test.Space.Break);
    }

    [Fact]
    public void WhenTheBreakCannotMoveThenItIsReturnedAsItWas()
    {
        using TestSpace test = WithHeap();
        test.Space.Brk(At(1));
        test.Map(8, 1);
        Assert.Equal(Errno.ENOMEM, test.Space.TryBrk(0, out ulong current));
        Assert.Equal(At(1), current);
        Assert.Equal(Errno.ENOMEM, test.Space.TryBrk(At(8), out current));
        Assert.Equal(At(1), current);
        Assert.Equal(Errno.None, test.Space.TryBrk(At(7), out current));
        Assert.Equal(At(7), current);
        Assert.Equal(Errno.ENOMEM, test.Space.TryBrk(ulong.MaxValue, out _));
        Assert.Equal(Errno.ENOMEM, test.Space.TryBrk(1UL << 47, out _));
    }

    [Fact]
    public void WhenAStackIsAboveThenItsGuardStaysFree()
    {
        using TestSpace test = WithHeap();
        test.Map(63, 1, RW, Private | MapFlags.GrowsDown);
        Assert.Equal(Errno.ENOMEM, test.Space.TryBrk(At(1), out _));
    }

    [Fact]
    public void WhenAMapEndsWhereTheHeapBeginsThenTheyStayApart()
    {
        using TestSpace test = WithHeap(At(1));
        test.Map(0, 1);
        test.Space.Brk(At(2));
        Assert.Equal("AB", test.Strip);
    }

    [Theory]
    [InlineData(nameof(ResourceLimits.AddressSpace))]
    [InlineData(nameof(ResourceLimits.Data))]
    public void WhenALimitIsReachedThenTheBreakStays(string limit)
    {
        using TestSpace test = WithHeap();
        typeof(ResourceLimits).GetProperty(limit)!.SetValue(test.Space.Limits, 2 * P);
        Assert.Equal(Errno.ENOMEM, test.Space.TryBrk(At(3), out _));
        Assert.Equal(Errno.None, test.Space.TryBrk(At(2), out _));
    }

    [Fact]
    public void WhenTheHeapHasAHoleThenShrinkingPassesOverIt()
    {
        using TestSpace test = WithHeap();
        test.Space.Brk(At(4));
        test.Unmap(1, 1);
        test.Space.Brk(At(1));
        Assert.Equal("A", test.Strip);
        test.Unmap(0, 1);
        Assert.Equal(Errno.ENOMEM, test.Space.TryBrk(Window, out ulong current));
        Assert.Equal(At(1), current);
    }

    [Fact]
    public void WhenFutureMemoryIsLockedThenTheHeapIsFaultedIn()
    {
        using TestSpace test = WithHeap();
        test.Space.MemoryLockAll(LockAllFlags.Future);
        test.Space.Brk(At(2));
        var resident = new byte[2];
        test.Space.MinCore(Window, 2 * P, resident);
        Assert.Equal([1, 1], resident);
    }
}
