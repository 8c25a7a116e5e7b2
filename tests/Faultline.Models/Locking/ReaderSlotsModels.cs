using Faultline.Checker;
using Faultline.Locking;
using Faultline.Sync;

namespace Faultline.Models.Locking;

/// <summary>Readers that count themselves in, against a writer that looks at the counts: with stores in buffers, so that a missing fence would show.</summary>
public class ReaderSlotsModels
{
    private const int Schedules = 3_000;

    private sealed class Shared
    {
        public readonly MmapLock Lock = new(hasReaderSlots: true);
        public Word64 Cell;
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    public void WhenReadersAndWritersMeetThenAReaderSeesNoHalfOfAWrite(int readers, int writers) =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            var shared = new Shared();
            for (int i = 0; i < readers; i++) scope.Spawn(() => Read(shared));
            for (int i = 0; i < writers; i++)
            {
                scope.Spawn(() =>
                {
                    shared.Lock.EnterWrite(LockUser.Fork);
                    Increment(shared);
                    Increment(shared);
                    shared.Lock.ExitWrite();
                });
            }

            scope.AtEnd(() => Assert.Equal(2ul * (ulong)writers, shared.Cell.LoadRelaxed()));
        });

    [Fact]
    public void WhenAWriterDowngradesThenNoOtherWriterPassesIt() =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            var shared = new Shared();
            scope.Spawn(() =>
            {
                shared.Lock.EnterWrite(LockUser.Unmap);
                Increment(shared);
                Increment(shared);
                shared.Lock.Downgrade();
                ulong seen = shared.Cell.LoadRelaxed();
                Assert.Equal(0ul, seen % 2);
                Assert.Equal(seen, shared.Cell.LoadRelaxed());
                shared.Lock.ExitRead();
            });
            scope.Spawn(() =>
            {
                shared.Lock.EnterWrite(LockUser.Fork);
                Increment(shared);
                Increment(shared);
                shared.Lock.ExitWrite();
            });
            scope.Spawn(() => Read(shared));
        });

    private static void Read(Shared shared)
    {
        shared.Lock.EnterRead(LockUser.Map);
        Assert.Equal(0ul, shared.Cell.LoadRelaxed() % 2);
        shared.Lock.ExitRead();
    }

    private static void Increment(Shared shared) => shared.Cell.StoreRelaxed(shared.Cell.LoadRelaxed() + 1);
}
