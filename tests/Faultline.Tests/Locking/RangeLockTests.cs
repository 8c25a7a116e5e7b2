using CsCheck;
using Faultline.Locking;

namespace Faultline.Tests.Locking;

public class RangeLockTests
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(20), s_long = TimeSpan.FromMinutes(1);

    private readonly RangeLock _lock;

    public RangeLockTests() => _lock = New();

    /// <summary>How many requests near each other earn a lease.</summary>
    protected virtual int Patience => RangeLeases.DefaultPatience;

    /// <summary>A lock without history.</summary>
    private protected RangeLock New() => new(kinds: 3, Patience);

    /// <summary>
    /// <code>
    ///   0         10        20        30
    ///   |----w----|----w----|
    ///        |----r----|                    refused
    ///             |----w----|               refused
    ///                       |----w----|
    /// </code>
    /// </summary>
    [Fact]
    public void WhenRangesTouchThenTheyDoNotOverlap()
    {
        using RangeHold first = _lock.Enter(0, 10, isExclusive: true);
        using RangeHold second = _lock.Enter(10, 20, isExclusive: true);
        Assert.False(_lock.TryEnter(5, 15, isExclusive: false, out _));
        Assert.False(_lock.TryEnter(19, 30, isExclusive: true, out _));
        Assert.True(_lock.TryEnter(20, 30, isExclusive: true, out RangeHold third));
        third.Dispose();
    }

    [Fact]
    public void WhenBothShareThenTheyOverlap()
    {
        using RangeHold first = _lock.Enter(0, ulong.MaxValue, isExclusive: false);
        using RangeHold second = _lock.Enter(5, 6, isExclusive: false);
        Assert.False(_lock.TryEnter(5, 6, isExclusive: true, out _));
    }

    /// <summary>Requests by one thread, which never waits: a list of what is held says what each try must answer.</summary>
    [Fact]
    public void WhenRangesComeAndGoThenATryAnswersAsAListOfHoldsDoes() =>
        Gen.Select(Gen.ULong[0, 30], Gen.ULong[1, 10], Gen.Bool, Gen.Int[0, 40]).Array[1, 60].Sample(steps =>
        {
            RangeLock tested = New();
            var held = new List<RangeHold>();
            foreach ((ulong start, ulong length, bool isExclusive, int release) in steps)
            {
                if (release < held.Count)
                {
                    held[release].Dispose();
                    held.RemoveAt(release);
                }

                ulong end = start + length;
                bool isFree = !held.Exists(hold => hold.Start < end && start < hold.End && (isExclusive || hold.IsExclusive));
                Assert.Equal(isFree, tested.TryEnter(start, end, isExclusive, out RangeHold entered));
                if (isFree) held.Add(entered);
                if (held.Count > 0 && release == 40 && held[0].IsExclusive) held[0].Downgrade();
            }

            foreach (RangeHold hold in held) hold.Dispose();
            Assert.True(tested.TryEnter(0, ulong.MaxValue, isExclusive: true, out _));
        });

    [Fact]
    public void WhenAWriterWaitsThenAReaderDoesNotPassItButOneElsewhereDoes()
    {
        RangeHold reader = _lock.Enter(0, 10, isExclusive: false);
        var writer = LockThread.Start(() => _lock.Enter(5, 20, isExclusive: true).Dispose());
        WaitForWaiter();

        Assert.False(_lock.TryEnter(5, 6, isExclusive: false, out _));
        Assert.True(_lock.TryEnter(0, 5, isExclusive: false, out RangeHold beside));
        beside.Dispose();
        reader.Dispose();
        writer.Join();
        Assert.True(_lock.TryEnter(5, 6, isExclusive: false, out RangeHold after));
        after.Dispose();
    }

    [Fact]
    public void WhenTheTimeRunsOutThenNothingIsHeldAndOthersGoOn()
    {
        RangeHold holder = _lock.Enter(0, 10, isExclusive: true, kind: 1);
        Assert.False(_lock.TryEnter(5, 20, isExclusive: true, s_moment, out RangeHold none, kind: 2));
        Assert.Equal(default, none);
        Assert.True(_lock.TryEnter(10, 20, isExclusive: true, out RangeHold beside));
        beside.Dispose();
        holder.Dispose();
        Assert.True(_lock.TryEnter(0, 20, isExclusive: true, s_long, out RangeHold whole));
        whole.Dispose();

        RangeLockStatistics statistics = _lock.Statistics();
        Assert.Equal(1, statistics.Waits(2));
        Assert.InRange(statistics.WaitedNanoseconds(2), s_moment.TotalNanoseconds / 2, s_long.TotalNanoseconds);
        Assert.InRange(statistics.BlamedNanoseconds(2, 1), 1, statistics.WaitedNanoseconds(2));
        Assert.Equal(0, statistics.BlamedNanoseconds(1, 2));
    }

    [Fact]
    public void WhenAWriterDowngradesThenSleepingReadersEnterAndWritersDoNot()
    {
        RangeHold writer = _lock.Enter(0, 10, isExclusive: true);
        var reader = LockThread.Start(() => _lock.Enter(0, 10, isExclusive: false).Dispose());
        WaitForWaiter();
        writer.Downgrade();
        reader.Join();
        Assert.False(_lock.TryEnter(0, 1, isExclusive: true, out _));
        Assert.False(writer.IsExclusive);
        writer.Dispose();
        Assert.True(_lock.TryEnter(0, 1, isExclusive: true, out RangeHold after));
        after.Dispose();
    }

    [Fact]
    public void WhenAHoldIsMisusedThenItThrows()
    {
        RangeHold hold = _lock.Enter(0, 10, isExclusive: true);
        Assert.True(hold.Covers(0, 10));
        Assert.False(hold.Covers(5, 11));
        hold.Downgrade();
        Assert.False(hold.Covers(0, 10));
        Assert.Throws<InvalidOperationException>(hold.Downgrade);
        hold.Dispose();
        Assert.Throws<InvalidOperationException>(hold.Dispose);
        default(RangeHold).Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => _lock.Enter(10, 10, isExclusive: true));
        Assert.Throws<ArgumentOutOfRangeException>(() => _lock.Enter(0, 10, isExclusive: true, kind: 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RangeLock(kinds: 0));
    }

    /// <summary>What was released is let go of: the lock keeps no history.</summary>
    [Fact]
    public void WhenManyHaveComeAndGoneBesideOneThatStaysThenTheyAreCollected()
    {
        using RangeHold stays = _lock.Enter(0, 1, isExclusive: true);
        WeakReference early = EnterAndLeave();
        for (int i = 0; i < 1000; i++) _lock.Enter(5, 6, isExclusive: true).Dispose();
        GC.Collect();
        Assert.False(early.IsAlive);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        WeakReference EnterAndLeave()
        {
            // Shared: a request of its own in any case, and no part of a lease.
            object hold = _lock.Enter(5, 6, isExclusive: false);
            ((RangeHold)hold).Dispose();
            return new WeakReference(RequestOf(hold));
        }
    }

    private static object RequestOf(object hold) =>
        hold.GetType().GetField("_request", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!.GetValue(hold)!;

    /// <summary>The waiter counts once it is done, so only time can tell that it sleeps by now.</summary>
    private static void WaitForWaiter() => Thread.Sleep(s_moment);
}
