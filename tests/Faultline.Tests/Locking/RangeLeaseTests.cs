using Faultline.Locking;

namespace Faultline.Tests.Locking;

/// <summary>All that holds for ranges holds for those that are parts of a lease, which here the first request earns; and what leases are for.</summary>
public class RangeLeaseTests : RangeLockTests
{
    private readonly RangeLock _lock;

    public RangeLeaseTests() => _lock = New();

    /// <inheritdoc/>
    protected override int Patience => 1;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenAThreadAsksForOnePlaceAgainAndAgainThenNothingIsAllocated(bool isExclusive)
    {
        var patient = new RangeLock();
        for (int i = 0; i < 2 * RangeLeases.DefaultPatience; i++) patient.Enter(0, 100, isExclusive: true).Dispose();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (ulong i = 0; i < 100; i++)
        {
            patient.Enter(i, i + 1, isExclusive).Dispose();
            Assert.True(patient.TryEnter(0, 100, isExclusive, out RangeHold hold));
            hold.Dispose();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>
    /// <code>
    ///   0         10                           100
    ///   |----------------lease-----------------|
    ///   |--part---|
    ///        |-w-|      refused
    ///             |---------------w------------|
    /// </code>
    /// </summary>
    [Fact]
    public void WhenSomebodyWantsTheRestOfALeaseThenThePartThatIsHeldIsAllThatIsInHisWay()
    {
        _lock.Enter(0, 100, isExclusive: true).Dispose();
        RangeHold part = _lock.Enter(0, 10, isExclusive: true);
        var other = LockThread.Start(() =>
        {
            Assert.False(_lock.TryEnter(5, 9, isExclusive: false, out _));
            using RangeHold rest = _lock.Enter(10, 100, isExclusive: true);
            Assert.False(_lock.TryEnter(9, 10, isExclusive: true, out _));
        });
        other.Join();
        Assert.Equal((0ul, 10ul, true), (part.Start, part.End, part.IsExclusive));
        part.Dispose();
        Assert.Equal(0, _lock.Statistics().TotalWaits);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenALeaseIsRevokedThenWhoSleepsForItsPartWakesWithItsEndOrItsDowngrade(bool downgrades)
    {
        _lock.Enter(0, 100, isExclusive: true).Dispose();
        RangeHold part = _lock.Enter(0, 10, isExclusive: true);
        var sleeper = LockThread.StartAndPark(() => _lock.Enter(9, 20, isExclusive: !downgrades).Dispose());
        if (downgrades) part.Downgrade();
        else part.Dispose();
        sleeper.Join();
        if (downgrades) part.Dispose();
        Assert.Equal(1, _lock.Statistics().TotalWaits);
        Assert.True(_lock.TryEnter(0, ulong.MaxValue, isExclusive: true, out RangeHold all));
        all.Dispose();
    }

    /// <summary>The waiter came before the lease's thread asked again, lease or not.</summary>
    [Fact]
    public void WhenSomebodyWaitsForAPartThenTheLeasesThreadDoesNotPassHim()
    {
        _lock.Enter(0, 100, isExclusive: true).Dispose();
        RangeHold part = _lock.Enter(0, 10, isExclusive: true);
        var waiter = LockThread.StartAndPark(() =>
        {
            using RangeHold hold = _lock.Enter(5, 50, isExclusive: true);
            Thread.Sleep(TimeSpan.FromMilliseconds(20));
        });
        Assert.False(_lock.TryEnter(40, 41, isExclusive: true, out _));
        Assert.True(_lock.TryEnter(50, 51, isExclusive: true, out RangeHold beside));
        beside.Dispose();
        part.Dispose();
        waiter.Join();
    }

    [Fact]
    public void WhenAPartIsOverThenItsHoldIsNotTheNextOnes()
    {
        _lock.Enter(0, 100, isExclusive: true).Dispose();
        RangeHold first = _lock.Enter(0, 10, isExclusive: true);
        first.Dispose();
        using RangeHold second = _lock.Enter(0, 10, isExclusive: true);
        Assert.False(first.IsExclusive);
        Assert.Throws<InvalidOperationException>(first.Dispose);
        Assert.Throws<InvalidOperationException>(first.Downgrade);
        Assert.True(second.IsExclusive);
    }

    [Fact]
    public void WhenARangeIsHeldOrWaitedForThenItIsSaidToBe()
    {
        RangeHold plain = _lock.Enter(0, 10, isExclusive: false);
        Assert.True(_lock.IsHeld(9, 20));
        Assert.False(_lock.IsHeld(10, 20));
        var waiter = LockThread.StartAndPark(() => _lock.Enter(9, 12, isExclusive: true).Dispose());
        Assert.True(_lock.IsHeld(11, 12));
        plain.Dispose();
        waiter.Join();
        Assert.False(_lock.IsHeld(0, 20));

        _lock.Enter(0, 100, isExclusive: true).Dispose();
        Assert.False(_lock.IsHeld(0, 100));
        using RangeHold part = _lock.Enter(20, 30, isExclusive: false);
        Assert.True(_lock.IsHeld(29, 30));
        Assert.False(_lock.IsHeld(30, 100));
    }

    /// <summary>Threads come and go, each in a place of its own; nobody ever wants the place of another one.</summary>
    [Fact]
    public void WhenManyThreadsHaveHadLeasesThenOnlyAFewAreLeftToWalkOver()
    {
        for (ulong i = 0; i < 200; i++)
        {
            ulong start = 10 * i;
            LockThread.Start(() => _lock.Enter(start, start + 1, isExclusive: true).Dispose()).Join();
        }

        _lock.Enter(5000, 5001, isExclusive: true).Dispose();
        Assert.InRange(_lock.CountLive(), 1, 17);
    }
}
