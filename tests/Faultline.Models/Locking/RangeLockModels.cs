using Faultline.Checker;
using Faultline.Locking;
using Faultline.Sync;

namespace Faultline.Models.Locking;

public class RangeLockModels
{
    private const int Schedules = 2_000, SchedulesToFind = 10_000;

    /// <summary>Two cells under one lock; a range of [0, 2) covers both.</summary>
    private sealed class Shared(int patience = RangeLeases.DefaultPatience)
    {
        public readonly RangeLock Lock = new(kinds: 1, patience);
        public Word64 Left, Right;
    }

    [Theory]
    [InlineData(2, RangeLeases.DefaultPatience)]
    [InlineData(3, RangeLeases.DefaultPatience)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    public void WhenWritersOverlapThenOneIsInsideAndSeesWhatTheLastOneDid(int threads, int patience) =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            var shared = new Shared(patience);
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
    [Theory]
    [InlineData(RangeLeases.DefaultPatience)]
    [InlineData(1)]
    public void WhenAReaderOverlapsTwoWritersThenItSeesEachBeforeOrAfterButNotInside(int patience) =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            var shared = new Shared(patience);
            scope.Spawn(() => WriteTwice(shared, 0, ref shared.Left));
            scope.Spawn(() => WriteTwice(shared, 1, ref shared.Right));
            scope.Spawn(() =>
            {
                using RangeHold hold = shared.Lock.Enter(0, 2, isExclusive: false);
                Assert.True(shared.Left.LoadRelaxed() is 0 or 2);
                Assert.True(shared.Right.LoadRelaxed() is 0 or 2);
            });
        });

    [Theory]
    [InlineData(RangeLeases.DefaultPatience)]
    [InlineData(1)]
    public void WhenAWriterDowngradesThenAReaderMayComeAndNoWriter(int patience) =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            var shared = new Shared(patience);
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

    [Fact]
    public void WhenSomebodyWantsWhatAnotherThreadHasALeaseOfThenOneIsInside() => Checks.AssertPasses(MemoryModel.Tso, LeaseAgainstRequest, Schedules);

    /// <summary>
    /// <code>
    ///   later request                            thread of the lease
    ///   no part is out: goes on
    ///                                            takes a part
    ///   both are inside
    /// </code>
    /// </summary>
    [Fact]
    public void WhenALeaseIsNotRevokedThenTwoAreInside() =>
        Checks.WithMutant(Mutant.LeaveLeaseUnrevoked, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, LeaseAgainstRequest));

    [Fact]
    public void WhenAPartIsTakenByAPlainStoreThenTwoAreInside() =>
        Checks.WithMutant(Mutant.TakePartByPlainStore, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, LeaseAgainstRequest));

    [Theory]
    [InlineData(1)]
    [InlineData(RangeLeases.DefaultPatience)]
    public void WhenWhatAHolderFoundIsTakenAwayThenTheTakerHasLookedBeforeHeCame(int patience) =>
        Checks.AssertPasses(MemoryModel.Tso, scope => UseAgainstTaking(scope, patience), Schedules);

    /// <summary>
    /// <code>
    ///   holder                                   taker
    ///   range: held (in its store buffer)        take away, fence
    ///   finds it, uses it
    ///                                            nobody is there: gone
    /// </code>
    /// </summary>
    [Fact]
    public void WhenAPartIsTakenByAPlainStoreThenWhatItsHolderUsesIsTakenAway() =>
        Checks.WithMutant(Mutant.TakePartByPlainStore, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, scope => UseAgainstTaking(scope, patience: 1)));

    private static void LeaseAgainstRequest(ExploreScope scope)
    {
        var shared = new Shared(patience: 1);
        scope.Spawn(() =>
        {
            for (int i = 0; i < 2; i++)
            {
                using RangeHold hold = shared.Lock.Enter(0, 1, isExclusive: true);
                Increment(ref shared.Left);
            }
        });
        scope.Spawn(() =>
        {
            using RangeHold hold = shared.Lock.Enter(0, 2, isExclusive: true);
            Increment(ref shared.Left);
        });
        scope.AtEnd(() => Assert.Equal(3ul, shared.Left.LoadRelaxed()));
    }

    // Left: what is there, 1 for something. Right: 1 once it is gone for good.
    private static void UseAgainstTaking(ExploreScope scope, int patience)
    {
        var shared = new Shared(patience);
        shared.Left.StoreRelaxed(1);
        scope.Spawn(() =>
        {
            for (int i = 0; i < 2; i++)
            {
                using RangeHold hold = shared.Lock.Enter(0, 1, isExclusive: true);
                bool finds = shared.Left.LoadAcquire() == 1;
                Assert.False(finds && shared.Right.LoadAcquire() == 1, "What the holder uses is gone.");
            }
        });
        scope.Spawn(() =>
        {
            shared.Left.StoreRelease(0);
            Fence.Full();
            if (shared.Lock.IsHeld(0, 1)) shared.Left.StoreRelease(1);
            else shared.Right.StoreRelease(1);
        });
    }

    private static void WriteTwice(Shared shared, ulong start, ref Word64 cell)
    {
        using RangeHold hold = shared.Lock.Enter(start, start + 1, isExclusive: true);
        Increment(ref cell);
        Increment(ref cell);
    }

    private static void Increment(ref Word64 cell) => cell.StoreRelaxed(cell.LoadRelaxed() + 1);
}
