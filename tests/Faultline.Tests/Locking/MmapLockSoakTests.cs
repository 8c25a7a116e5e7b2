using System.Diagnostics;
using Faultline.Locking;

namespace Faultline.Tests.Locking;

public class MmapLockSoakTests
{
    private const int Threads = 4;
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(1.5);

    private MmapLock _lock = new();

    // Guarded by _lock: equal whenever nobody writes.
    private long _left, _right;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenThreadsReadWriteTryAndDowngradeThenWritersAreAlone(bool hasReaderSlots)
    {
        _lock = new MmapLock(hasReaderSlots: hasReaderSlots);
        long[] writes = new long[Threads];
        var clock = Stopwatch.StartNew();
        var threads = Enumerable.Range(0, Threads).Select(i => LockThread.Start(() =>
        {
            var random = new Random(i);
            while (clock.Elapsed < s_length) writes[i] += Step(random);
        })).ToArray();
        foreach (var thread in threads) thread.Join();

        Assert.Equal(writes.Sum(), _left);
        Assert.Equal(_left, _right);
        Assert.True(_lock.TryEnterWrite(LockUser.Exit), "the lock was left held, marked or reserved");

        var statistics = _lock.Statistics();
        Assert.Equal(_left + 1, LockStatistics.Users.Sum(statistics.Writes));
        MmapLockTests.AssertBlameIsTheWait(statistics);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenWritersStormTheLockThenASleeperStillGetsIt(bool hasReaderSlots)
    {
        _lock = new MmapLock(hasReaderSlots: hasReaderSlots);
        bool stop = false;
        var storm = Enumerable.Range(0, 2).Select(_ => LockThread.Start(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                _lock.EnterWrite(LockUser.Map);
                Thread.SpinWait(20);
                _lock.ExitWrite();
            }
        })).ToArray();

        var clock = Stopwatch.StartNew();
        int entries = 0;
        for (; clock.Elapsed < s_length; entries++)
        {
            _lock.EnterRead(LockUser.Fault);
            Assert.False(_lock.IsWriteHeld);
            _lock.ExitRead();
            _lock.EnterWrite(LockUser.Brk);
            _lock.ExitWrite();
        }

        Volatile.Write(ref stop, true);
        foreach (var thread in storm) thread.Join();

        // A scheduling slice of a loaded machine is added to each turn of patience: a hundredth of the ideal is still no starvation.
        int ideal = (int)(s_length.TotalMilliseconds * 1e6 / (2 * MmapLock.PatienceNanoseconds));
        Assert.InRange(entries, Math.Max(1, ideal / 100), int.MaxValue);
    }

    /// <summary>Readers of many threads come and go without a pause: the count is never 0 but for the writer's announcement.</summary>
    [Fact]
    public void WhenReadersInSlotsNeverPauseThenAWriterStillGetsIn()
    {
        _lock = new MmapLock(hasReaderSlots: true);
        bool stop = false;
        var readers = Enumerable.Range(0, Threads).Select(_ => LockThread.Start(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                _lock.EnterRead(LockUser.Map);
                Read();
                _lock.ExitRead();
            }
        })).ToArray();
        var clock = Stopwatch.StartNew();
        long writes = 0;
        for (; clock.Elapsed < s_length; writes++)
        {
            _lock.EnterWrite(LockUser.Fork);
            Write();
            _lock.ExitWrite();
        }

        Volatile.Write(ref stop, true);
        foreach (var reader in readers) reader.Join();
        Assert.Equal(writes, _left);
        Assert.InRange(writes, 10, long.MaxValue);
        MmapLockTests.AssertBlameIsTheWait(_lock.Statistics());
    }

    // Returns how often it wrote.
    private int Step(Random random)
    {
        switch (random.Next(16))
        {
            case 0:
                _lock.EnterWrite(LockUser.Unmap);
                Write();
                _lock.Downgrade();
                Read();
                _lock.ExitRead();
                return 1;
            case < 4:
                _lock.EnterWrite(LockUser.Map);
                Write();
                _lock.ExitWrite();
                return 1;
            case 4 when _lock.TryEnterWrite(LockUser.Protect):
                Write();
                _lock.ExitWrite();
                return 1;
            case < 8 when _lock.TryEnterRead(LockUser.Query):
                Read();
                _lock.ExitRead();
                return 0;
            default:
                _lock.EnterRead(LockUser.Fault);
                Read();
                _lock.ExitRead();
                return 0;
        }
    }

    private void Write()
    {
        Assert.True(_lock.IsWriteHeld);
        _left++;
        Thread.SpinWait(3);
        _right++;
    }

    private void Read()
    {
        Assert.True(_lock.IsHeld);
        Assert.False(_lock.IsWriteHeld);
        Assert.Equal(_left, _right);
    }
}
