using Faultline.Checker;
using Faultline.Locking;
using Faultline.Sync;

namespace Faultline.Models.Locking;

public class RangeLockModels
{
    private const int Schedules = 2_000;

    /// <summary>Two cells under one lock; a range of [0, 2) covers both.</summary>
    private sealed class Shared
    {
        public readonly RangeLock Lock = new();
        public Word64 Left, Right;
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void WhenWritersOverlapThenOneIsInsideAndSeesWhatTheLastOneDid(int threads) =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            var shared = new Shared();
            for (int i = 0; i < threads; i++)
            {
                ulong start = (ulong)i % 2;
                scope.Spawn(() =>
                {
                    using RangeHold hold = shared.Lock.Enter(start, 2, isExclusive: true);
                    Increment(ref shared.Right);
                });
            }

            scope.AtEnd(() => Assert.Equal((ulong)threads, shared.Right.LoadRelaxed()));
        });

    /// <summary>
    /// <code>
    ///   [0, 1) w      [1, 2) w      [0, 2) r
    /// </code>
    /// </summary>
    [Fact]
    public void WhenAReaderOverlapsTwoWritersThenItSeesEachBeforeOrAfterButNotInside() =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            var shared = new Shared();
            scope.Spawn(() => WriteTwice(shared, 0, ref shared.Left));
            scope.Spawn(() => WriteTwice(shared, 1, ref shared.Right));
            scope.Spawn(() =>
            {
                using RangeHold hold = shared.Lock.Enter(0, 2, isExclusive: false);
                Assert.True(shared.Left.LoadRelaxed() is 0 or 2);
                Assert.True(shared.Right.LoadRelaxed() is 0 or 2);
            });
        });

    [Fact]
    public void WhenAWriterDowngradesThenAReaderMayComeAndNoWriter() =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            var shared = new Shared();
            scope.Spawn(() =>
            {
                using RangeHold hold = shared.Lock.Enter(0, 1, isExclusive: true);
                Increment(ref shared.Left);
                hold.Downgrade();
                Assert.Equal(1ul, shared.Left.LoadRelaxed() % 2);
            });
            scope.Spawn(() =>
            {
                using RangeHold hold = shared.Lock.Enter(0, 1, isExclusive: false);
                Assert.True(shared.Left.LoadRelaxed() <= 3);
            });
            scope.Spawn(() =>
            {
                if (!shared.Lock.TryEnter(0, 1, isExclusive: true, out RangeHold hold)) return;
                Increment(ref shared.Left);
                Increment(ref shared.Left);
                hold.Dispose();
            });
        });

    private static void WriteTwice(Shared shared, ulong start, ref Word64 cell)
    {
        using RangeHold hold = shared.Lock.Enter(start, start + 1, isExclusive: true);
        Increment(ref cell);
        Increment(ref cell);
    }

    private static void Increment(ref Word64 cell) => cell.StoreRelaxed(cell.LoadRelaxed() + 1);
}
