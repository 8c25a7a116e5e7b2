using System.Diagnostics;
using Faultline.Locking;

namespace Faultline.Tests.Locking;

public class RangeLockSoakTests
{
    private const int Threads = 4, Cells = 24;
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(1.5);

    // Each guarded by its own index in _lock.
    private readonly long[] _cells = new long[Cells];

    private RangeLock _lock = new();

    [Theory]
    [InlineData(RangeLeases.DefaultPatience)]
    [InlineData(1)]
    public void WhenThreadsLockRangesOfAnArrayThenEachCellHasOneWriterOrReaders(int patience)
    {
        _lock = new RangeLock(kinds: 1, patience);
        long[] added = new long[Threads];
        var clock = Stopwatch.StartNew();
        var threads = Enumerable.Range(0, Threads).Select(i => LockThread.Start(() =>
        {
            var random = new Random(i);
            while (clock.Elapsed < s_length) added[i] += Step(random);
        })).ToArray();
        foreach (var thread in threads) thread.Join();

        Assert.Equal(added.Sum(), _cells.Sum());
        Assert.True(_lock.TryEnter(0, Cells, isExclusive: true, out _), "a range was left held");
    }

    private long Step(Random random)
    {
        int start = random.Next(Cells), end = random.Next(start + 1, Math.Min(Cells, start + 8) + 1);
        bool isExclusive = random.Next(3) == 0;
        if (!TryEnter((ulong)start, (ulong)end, isExclusive, random.Next(3), out RangeHold hold)) return 0;
        long added = isExclusive ? Write(start, end) : 0;
        if (isExclusive && random.Next(4) == 0)
        {
            hold.Downgrade();
            isExclusive = false;
        }

        if (!isExclusive) AssertNobodyWrites(start, end);
        hold.Dispose();
        return added;
    }

    private bool TryEnter(ulong start, ulong end, bool isExclusive, int form, out RangeHold hold)
    {
        if (form == 0) return _lock.TryEnter(start, end, isExclusive, out hold);
        if (form == 1) return _lock.TryEnter(start, end, isExclusive, TimeSpan.FromMicroseconds(50), out hold);
        hold = _lock.Enter(start, end, isExclusive);
        return true;
    }

    /// <summary>Plain reads and writes: without the lock they would lose counts.</summary>
    private long Write(int start, int end)
    {
        for (int i = start; i < end; i++) _cells[i]++;
        return end - start;
    }

    private void AssertNobodyWrites(int start, int end)
    {
        long before = _cells.AsSpan(start, end - start).ToArray().Sum();
        Thread.SpinWait(20);
        Assert.Equal(before, _cells.AsSpan(start, end - start).ToArray().Sum());
    }
}
