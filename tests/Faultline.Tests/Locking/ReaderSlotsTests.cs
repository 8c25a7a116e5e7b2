using Faultline.Locking;

namespace Faultline.Tests.Locking;

/// <summary>An <see cref="MmapLock"/> whose readers are counted in slots.</summary>
public class ReaderSlotsTests
{
    private readonly MmapLock _lock = new(hasReaderSlots: true);

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
        Assert.True(_lock.IsWriteHeld);
        Assert.False(_lock.TryEnterRead(LockUser.Fault));
        _lock.ExitWrite();
    }

    [Fact]
    public void WhenAWriterWaitsForReadersThenNewOnesComeAfterIt()
    {
        bool wrote = false;
        _lock.EnterRead(LockUser.Query);
        var writer = LockThread.StartAndPark(() =>
        {
            _lock.EnterWrite(LockUser.Fork);
            wrote = true;
            _lock.ExitWrite();
        });
        Assert.False(_lock.TryEnterRead(LockUser.Fault));
        Assert.False(_lock.IsWriteHeld);
        var reader = LockThread.StartAndPark(() =>
        {
            _lock.EnterRead(LockUser.Fault);
            Assert.True(wrote);
            _lock.ExitRead();
        });
        _lock.ExitRead();
        writer.Join();
        reader.Join();

        LockStatistics statistics = _lock.Statistics();
        Assert.True(statistics.BlamedNanoseconds(LockUser.Fork, LockUser.Query) > 0);
        Assert.Equal(1, statistics.Waits(LockUser.Fork));
        MmapLockTests.AssertBlameIsTheWait(statistics);
    }

    [Fact]
    public void WhenAWriterDowngradesThenReadersEnterAndWritersStayOut()
    {
        bool wrote = false;
        _lock.EnterWrite(LockUser.Unmap);
        var reader = LockThread.StartAndPark(() =>
        {
            _lock.EnterRead(LockUser.Fault);
            Assert.False(wrote);
            _lock.ExitRead();
        });
        var writer = LockThread.StartAndPark(() =>
        {
            _lock.EnterWrite(LockUser.Map);
            wrote = true;
            _lock.ExitWrite();
        });
        _lock.Downgrade();
        reader.Join();
        Assert.True(_lock.IsHeld);
        Assert.False(_lock.IsWriteHeld);
        Assert.False(_lock.TryEnterWrite(LockUser.Map));
        _lock.ExitRead();
        writer.Join();
        Assert.True(wrote);
    }

    [Fact]
    public void WhenAThreadReadsTwiceInTurnThenItsSlotIsEmptyAfterwards()
    {
        for (int i = 0; i < 3; i++)
        {
            _lock.EnterRead(LockUser.Map);
            Assert.True(_lock.IsHeld);
            _lock.ExitRead();
            Assert.False(_lock.IsHeld);
        }
    }
}
