using System.Collections.Concurrent;
using Faultline.Locking;

namespace Faultline.Tests.Locking;

public class MmapLockTests
{
    private static readonly TimeSpan s_overdue = TimeSpan.FromMilliseconds(2 * MmapLock.PatienceNanoseconds / 1e6);

    private readonly MmapLock _lock = new();

    [Fact]
    public void WhenReadHeldThenReadersEnterAndWritersDoNot()
    {
        _lock.EnterRead(LockUser.Fault);
        Assert.True(_lock.TryEnterRead(LockUser.Query));
        Assert.False(_lock.TryEnterWrite(LockUser.Map));
        Assert.True(_lock.IsHeld);
        Assert.False(_lock.IsWriteHeld);

        _lock.ExitRead();
        Assert.False(_lock.TryEnterWrite(LockUser.Map));
        _lock.ExitRead();
        Assert.False(_lock.IsHeld);
        Assert.True(_lock.TryEnterWrite(LockUser.Map));
    }

    [Fact]
    public void WhenWriteHeldThenNobodyEnters()
    {
        _lock.EnterWrite(LockUser.Map);
        Assert.True(_lock.IsWriteHeld);
        Assert.False(_lock.TryEnterRead(LockUser.Fault));
        Assert.False(_lock.TryEnterWrite(LockUser.Unmap));

        _lock.ExitWrite();
        Assert.False(_lock.IsHeld);
        Assert.True(_lock.TryEnterRead(LockUser.Fault));
    }

    [Fact]
    public void WhenAWriterWaitsThenAReaderDoesNotPassIt()
    {
        var order = new ConcurrentQueue<LockUser>();
        _lock.EnterRead(LockUser.Query);
        var writer = LockThread.StartAndPark(() => Write(LockUser.Map, () => order.Enqueue(LockUser.Map)));
        Assert.False(_lock.TryEnterRead(LockUser.Fault));
        var reader = LockThread.StartAndPark(() => Read(LockUser.Fault, () => order.Enqueue(LockUser.Fault)));
        Assert.Empty(order);

        _lock.ExitRead();
        writer.Join();
        reader.Join();
        Assert.Equal([LockUser.Map, LockUser.Fault], order);
    }

    [Fact]
    public void WhenAReaderIsFirstInTheQueueThenAllQueuedReadersEnterTogether()
    {
        using var together = new Barrier(3);
        int inside = 0;
        _lock.EnterWrite(LockUser.Unmap);
        void ReadTogether() => Read(LockUser.Fault, () =>
        {
            Interlocked.Increment(ref inside);
            Assert.True(together.SignalAndWait(TimeSpan.FromSeconds(20)), "the readers were not inside together");
        });
        var first = LockThread.StartAndPark(ReadTogether);
        var writer = LockThread.StartAndPark(() => Write(LockUser.Map, () => Assert.Equal(3, inside)));
        var second = LockThread.StartAndPark(ReadTogether);
        var third = LockThread.StartAndPark(ReadTogether);

        _lock.ExitWrite();
        foreach (var thread in new[] { first, second, third, writer }) thread.Join();
        Assert.False(_lock.IsHeld);
        Assert.True(_lock.TryEnterWrite(LockUser.Map), "the queue was left marked");
    }

    [Fact]
    public void WhenAWriterDowngradesThenFirstReadersEnterAndWritersStayOut()
    {
        bool wrote = false;
        _lock.EnterWrite(LockUser.Unmap);
        var reader = LockThread.StartAndPark(() => Read(LockUser.Fault, () => Assert.False(wrote)));
        var writer = LockThread.StartAndPark(() => Write(LockUser.Map, () => wrote = true));

        _lock.Downgrade();
        reader.Join();
        Assert.False(_lock.IsWriteHeld);
        Assert.True(_lock.IsHeld);
        Assert.True(writer.IsParked);
        Assert.False(_lock.TryEnterWrite(LockUser.Map));

        _lock.ExitRead();
        writer.Join();
        Assert.True(wrote);
    }

    [Fact]
    public void WhenAWriterDowngradesBehindAWaitingWriterThenReadersDoNotPassIt()
    {
        bool wrote = false;
        _lock.EnterWrite(LockUser.Unmap);
        var writer = LockThread.StartAndPark(() => Write(LockUser.Map, () => wrote = true));
        var reader = LockThread.StartAndPark(() => Read(LockUser.Fault, () => Assert.True(wrote)));

        _lock.Downgrade();
        Assert.False(_lock.TryEnterRead(LockUser.Fault));
        Assert.True(writer.IsParked && reader.IsParked);

        _lock.ExitRead();
        writer.Join();
        reader.Join();
    }

    [Fact]
    public void WhenAWriterWaitedLongerThanPatienceThenTheReleaseHandsItTheLock()
    {
        using var leave = new ManualResetEventSlim();
        _lock.EnterWrite(LockUser.Map);
        var overdue = LockThread.StartAndPark(() => Write(LockUser.Brk, leave.Wait));
        Thread.Sleep(s_overdue);

        // No moment between the release and the hand-over in which this thread, which runs, could have been faster.
        _lock.ExitWrite();
        Assert.True(_lock.IsWriteHeld, "the lock was left for whoever comes first");
        Assert.False(_lock.TryEnterWrite(LockUser.Map));
        leave.Set();
        overdue.Join();
    }

    [Fact]
    public void WhenOneThreadWaitsBehindAnotherThenStatisticsNameThePair()
    {
        const long Hold = 20_000_000;
        _lock.EnterWrite(LockUser.Unmap);
        var fault = LockThread.StartAndPark(() => Read(LockUser.Fault, static () => { }));
        Thread.Sleep(TimeSpan.FromMilliseconds(Hold / 1e6));
        _lock.ExitWrite();
        fault.Join();

        var statistics = _lock.Statistics();
        Assert.Equal(1, statistics.Waits(LockUser.Fault));
        Assert.Equal(1, statistics.TotalWaits);
        Assert.InRange(statistics.BlamedNanoseconds(LockUser.Fault, LockUser.Unmap), Hold, long.MaxValue);
        Assert.Equal(statistics.WaitedNanoseconds(LockUser.Fault), statistics.LongestWaitNanoseconds(LockUser.Fault));
        AssertBlameIsTheWait(statistics);
    }

    [Fact]
    public void WhenAThreadWaitsBehindTwoHoldersThenEachIsBlamedForItsPart()
    {
        const long Hold = 20_000_000;
        _lock.EnterWrite(LockUser.Unmap);
        var second = LockThread.StartAndPark(() => Write(LockUser.Protect, () => Thread.Sleep(TimeSpan.FromMilliseconds(Hold / 1e6))));
        var fault = LockThread.StartAndPark(() => Read(LockUser.Fault, static () => { }));
        Thread.Sleep(TimeSpan.FromMilliseconds(Hold / 1e6));
        _lock.ExitWrite();
        second.Join();
        fault.Join();

        var statistics = _lock.Statistics();
        Assert.InRange(statistics.BlamedNanoseconds(LockUser.Fault, LockUser.Unmap), Hold, long.MaxValue);
        Assert.InRange(statistics.BlamedNanoseconds(LockUser.Fault, LockUser.Protect), Hold, long.MaxValue);
        Assert.Equal(0, statistics.BlamedNanoseconds(LockUser.Protect, LockUser.Fault));
        AssertBlameIsTheWait(statistics);
    }

    [Fact]
    public void WhenNobodyWaitsThenOnlyWritersAreCounted()
    {
        for (int i = 0; i < 100; i++)
        {
            Write(LockUser.Map, static () => { });
            Read(LockUser.Fault, static () => { });
        }

        var statistics = _lock.Statistics();
        Assert.Equal(0, statistics.TotalWaits);
        Assert.Equal(100, statistics.Writes(LockUser.Map));
        Assert.Equal(0, statistics.Writes(LockUser.Unmap));
        Assert.False(double.IsNaN(statistics.MeanWriteHoldNanoseconds(LockUser.Map)));
    }

    // Cells are rounded to nanoseconds one by one.
    internal static void AssertBlameIsTheWait(LockStatistics statistics)
    {
        foreach (var waiter in LockStatistics.Users)
        {
            long blamed = LockStatistics.Users.Sum(holder => statistics.BlamedNanoseconds(waiter, holder));
            Assert.InRange(statistics.WaitedNanoseconds(waiter) - blamed, 0, LockStatistics.Users.Count);
        }
    }

    private void Read(LockUser user, Action inside)
    {
        _lock.EnterRead(user);
        inside();
        _lock.ExitRead();
    }

    private void Write(LockUser user, Action inside)
    {
        _lock.EnterWrite(user);
        inside();
        _lock.ExitWrite();
    }
}
