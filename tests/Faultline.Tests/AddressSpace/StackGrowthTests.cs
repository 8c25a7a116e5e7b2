using Faultline.Areas;
using Faultline.Locking;
using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

public class StackGrowthTests
{
    private const ulong Top = 0x2000_0000_0000;
    private const MapFlags Stack = MapFlags.Private | MapFlags.Fixed | MapFlags.GrowsDown;

    [Fact]
    public void WhenTouchedBelowThenTheStackGrowsToTheTouch()
    {
        using var test = new TestSpace();
        test.Space.Map(Top - P, P, RW, Stack);
        test.Accessor.Write(Top - 1, (byte)1);
        test.Accessor.Write(Top - (10 * P) + 5, (byte)2);
        AreaInfo area = Assert.Single(test.Space.ListAreas());
        Assert.Equal((Top - (10 * P), Top), (area.Start, area.End));
        Assert.Equal(1, test.Accessor.Read<byte>(Top - 1));

        // The offset went down with the start: the grown stack still merges with what continues it.
        test.Space.Map(Top, P, RW, Stack);
        Assert.Single(test.Space.ListAreas());
    }

    [Fact]
    public void WhenTheStackLimitIsReachedThenItIsASignal()
    {
        using var test = new TestSpace();
        test.Space.Limits.Stack = 4 * P;
        test.Space.Map(Top - P, P, RW, Stack);
        test.Accessor.Write(Top - (4 * P), 1);
        var fault = Assert.Throws<MemoryFaultException>(() => test.Accessor.Write(Top - (4 * P) - 4, 1));
        Assert.Equal(FaultSignal.NotMapped, fault.Signal);
    }

    [Fact]
    public void WhenAStackHasGrownThenItCountsAsWrittenAndStaysCommitted()
    {
        using var test = new TestSpace();
        test.Space.Map(Top - P, P, RW, Stack);
        test.Accessor.Read<byte>(Top - (2 * P));
        test.Space.Protect(Top - (2 * P), 2 * P, R);
        Assert.True(Has(Assert.Single(test.Space.ListAreas()), "ac"));
    }

    [Fact]
    public void WhenTheSpaceLimitIsReachedThenItIsASignal()
    {
        using var test = new TestSpace();
        test.Space.Map(Top - P, P, RW, Stack);
        test.Space.Limits.AddressSpace = 2 * P;
        test.Accessor.Write(Top - (2 * P), 1);
        Assert.Throws<MemoryFaultException>(() => test.Accessor.Write(Top - (3 * P), 1));
    }

    [Theory]
    [InlineData(RW, false)]
    [InlineData(Protection.None, true)]
    public void WhenSomethingAccessibleLiesWithinTheGuardThenTheStackDoesNotGrowThere(Protection protection, bool grows)
    {
        using var test = new TestSpace();
        test.Space.Map(Top - P, P, RW, Stack);
        ulong bottom = Top - P - StackGuard.Size - (4 * P);
        test.Space.Map(bottom, P, protection, MapFlags.Private | MapFlags.Fixed);
        test.Accessor.Write(Top - (4 * P), 1);
        ulong tooLow = bottom + (2 * P);
        if (grows) test.Accessor.Write(tooLow, 1);
        else Assert.Throws<MemoryFaultException>(() => test.Accessor.Write(tooLow, 1));
    }

    [Fact]
    public void WhenTheAreaAboveIsNoStackThenItDoesNotGrow()
    {
        using var test = new TestSpace();
        test.Map(4, 1);
        Assert.Throws<MemoryFaultException>(() => test.Read(3));
        Assert.False(test.Space.TryGrowStack(At(3), LockUser.Fault));
        Assert.False(test.Space.TryGrowStack(At(5), LockUser.Fault));
        Assert.True(test.Space.TryGrowStack(At(4), LockUser.Fault));
    }
}
