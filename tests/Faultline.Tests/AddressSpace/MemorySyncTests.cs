using Faultline.Tests.Files;
using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

public class MemorySyncTests
{
    private const ulong Aligned = Window;

    [Theory]
    [InlineData(Window + 1, 4096UL, SyncFlags.Sync)]
    [InlineData(Aligned, 4096UL, SyncFlags.Sync | SyncFlags.Async)]
    [InlineData(Aligned, 4096UL, (SyncFlags)8)]
    public void WhenTheArgumentsAreWrongThenNothingIsDone(ulong address, ulong length, SyncFlags flags)
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        Assert.Equal(Errno.EINVAL, test.Space.TryMemorySync(address, length, flags));
    }

    [Fact]
    public void WhenThereIsAHoleThenTheRestIsWrittenAndTheHoleReported()
    {
        using var test = new TestSpace();
        using var file = new StoredFile(test.Memory, new byte[6 * P]);
        foreach (int page in new[] { 0, 2, 4 }) test.Space.Map(At(page), P, RW, Shared, file, (ulong)page * P);
        test.Touch(0, 2, 4);
        Assert.Equal(Errno.ENOMEM, test.Space.TryMemorySync(At(0), 4 * P));
        Assert.Equal([0UL, 2], file.TakeWritten());
        Assert.Equal(Errno.None, test.Space.TryMemorySync(At(4), P));
        Assert.Equal([4UL], file.TakeWritten());
        Assert.Equal(Errno.ENOMEM, test.Space.TryMemorySync(At(4), 2 * P));
        Assert.Equal(Errno.ENOMEM, test.Space.TryMemorySync(At(10), P));
        Assert.Equal(Errno.ENOMEM, test.Space.TryMemorySync(At(1), ulong.MaxValue - At(1)));
        Assert.Equal(Errno.None, test.Space.TryMemorySync(At(10), 0));
    }

    [Theory]
    [InlineData(SyncFlags.None)]
    [InlineData(SyncFlags.Async)]
    [InlineData(SyncFlags.Invalidate)]
    public void WithoutSyncNothingIsWritten(SyncFlags flags)
    {
        using var test = new TestSpace();
        using var file = new StoredFile(test.Memory, new byte[P]);
        test.Space.Map(At(0), P, RW, Shared, file, 0);
        test.Touch(0);
        Assert.Equal(Errno.None, test.Space.TryMemorySync(At(0), P, flags));
        Assert.Empty(file.TakeWritten());
    }

    [Fact]
    public void WhenMemoryIsLockedThenItCannotBeInvalidated()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Space.MemoryLock(At(0), P);
        Assert.Equal(Errno.EBUSY, test.Space.TryMemorySync(At(0), P, SyncFlags.Sync | SyncFlags.Invalidate));
        Assert.Equal(Errno.None, test.Space.TryMemorySync(At(0), P));
    }

    [Fact]
    public void PagesOutsideTheRangeAreNotWritten()
    {
        using var test = new TestSpace();
        using var file = new StoredFile(test.Memory, new byte[6 * P]);
        test.Space.Map(At(0), 6 * P, RW, Shared, file, 0);
        test.Touch(0, 1, 2, 3, 4, 5);
        test.Space.MemorySync(At(1), 2 * P);
        Assert.Equal([1UL, 2], file.TakeWritten());
    }
}
