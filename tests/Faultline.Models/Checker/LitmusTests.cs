using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models.Checker;

/// <summary>The memory models against the classic litmus tests of x86 (Owens, Sarkar and Sewell, TPHOLs 2009).</summary>
public class LitmusTests
{
    private sealed class Shared
    {
        public Word64 X;
        public Word64 Y;
    }

    [Fact]
    public void WhenBothThreadsStoreThenLoadTheOtherThenTsoLetsBothSeeZero() =>
        Checks.AssertFails(MemoryModel.Tso, FindingKind.FailedCheck, scope => StoreBuffering(scope, fenced: false));

    [Fact]
    public void WhenBothThreadsStoreThenLoadTheOtherThenSequentialConsistencyForbidsIt() =>
        Checks.AssertPasses(MemoryModel.SequentiallyConsistent, scope => StoreBuffering(scope, fenced: false));

    [Fact]
    public void WhenAFullFenceStandsBetweenStoreAndLoadThenTsoForbidsItToo() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => StoreBuffering(scope, fenced: true));

    [Fact]
    public void WhenOneThreadPublishesByAFlagThenTheOtherSeesTheMessage() =>
        Checks.AssertPasses(MemoryModel.Tso, scope =>
        {
            var shared = new Shared();
            ulong flag = 0, message = 0;
            scope.Spawn(() =>
            {
                shared.X.StoreRelaxed(1);
                shared.Y.StoreRelease(1);
            });
            scope.Spawn(() =>
            {
                flag = shared.Y.LoadAcquire();
                message = shared.X.LoadRelaxed();
            });
            scope.AtEnd(() => Assert.False(flag == 1 && message == 0));
        });

    [Fact]
    public void WhenLoadsComeBeforeStoresThenBothCannotSeeTheOthersStore() =>
        Checks.AssertPasses(MemoryModel.Tso, scope =>
        {
            var shared = new Shared();
            ulong first = 0, second = 0;
            scope.Spawn(() =>
            {
                first = shared.X.LoadRelaxed();
                shared.Y.StoreRelaxed(1);
            });
            scope.Spawn(() =>
            {
                second = shared.Y.LoadRelaxed();
                shared.X.StoreRelaxed(1);
            });
            scope.AtEnd(() => Assert.False(first == 1 && second == 1));
        });

    [Fact]
    public void WhenTwoWritersMeetThenAllReadersSeeTheStoresInOneOrder() =>
        Checks.AssertPasses(MemoryModel.Tso, scope =>
        {
            var shared = new Shared();
            ulong x1 = 0, y1 = 0, x2 = 0, y2 = 0;
            scope.Spawn(() => shared.X.StoreRelaxed(1));
            scope.Spawn(() => shared.Y.StoreRelaxed(1));
            scope.Spawn(() =>
            {
                x1 = shared.X.LoadRelaxed();
                y1 = shared.Y.LoadRelaxed();
            });
            scope.Spawn(() =>
            {
                y2 = shared.Y.LoadRelaxed();
                x2 = shared.X.LoadRelaxed();
            });
            scope.AtEnd(() => Assert.False(x1 == 1 && y1 == 0 && y2 == 1 && x2 == 0));
        });

    [Fact]
    public void WhenAThreadLoadsItsOwnBufferedStoreThenItSeesItBeforeOthersDo()
    {
        // Both see their own store, and neither the other's: what forwarding inside the buffer allows.
        var finding = Checks.AssertFails(MemoryModel.Tso, FindingKind.FailedCheck, scope =>
        {
            var shared = new Shared();
            ulong own1 = 0, other1 = 0, own2 = 0, other2 = 0;
            scope.Spawn(() =>
            {
                shared.X.StoreRelaxed(1);
                own1 = shared.X.LoadRelaxed();
                other1 = shared.Y.LoadRelaxed();
            });
            scope.Spawn(() =>
            {
                shared.Y.StoreRelaxed(1);
                own2 = shared.Y.LoadRelaxed();
                other2 = shared.X.LoadRelaxed();
            });
            scope.AtEnd(() => Assert.Equal((1ul, 1ul), (own1, own2)));
            scope.AtEnd(() => Assert.False(other1 == 0 && other2 == 0));
        });
        Assert.Contains("Assert.False", finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MemoryModel.SequentiallyConsistent)]
    [InlineData(MemoryModel.Tso)]
    public void WhenAnIncrementIsALoadAndAStoreThenOneIsLost(MemoryModel model) =>
        Checks.AssertFails(model, FindingKind.FailedCheck, scope =>
        {
            var shared = new Shared();
            for (int i = 0; i < 2; i++) scope.Spawn(() => shared.X.StoreRelaxed(shared.X.LoadRelaxed() + 1));
            scope.AtEnd(() => Assert.Equal(2ul, shared.X.LoadRelaxed()));
        });

    [Fact]
    public void WhenAnIncrementIsAtomicThenNoneIsLost() =>
        Checks.AssertPasses(MemoryModel.Tso, scope =>
        {
            var shared = new Shared();
            for (int i = 0; i < 3; i++) scope.Spawn(() => shared.X.Add(1));
            scope.AtEnd(() => Assert.Equal(3ul, shared.X.LoadRelaxed()));
        });

    private static void StoreBuffering(ExploreScope scope, bool fenced)
    {
        var shared = new Shared();
        ulong first = 0, second = 0;
        scope.Spawn(() =>
        {
            shared.X.StoreRelease(1);
            if (fenced) Fence.Full();
            first = shared.Y.LoadAcquire();
        });
        scope.Spawn(() =>
        {
            shared.Y.StoreRelease(1);
            if (fenced) Fence.Full();
            second = shared.X.LoadAcquire();
        });
        scope.AtEnd(() => Assert.False(first == 0 && second == 0));
    }
}
