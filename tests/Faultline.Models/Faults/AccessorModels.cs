using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models.Faults;

/// <summary>Accessors that come and go beside faults and calls: one is disposed of, and its slot given to the next; a second one ends the single-thread short-cut.</summary>
public class AccessorModels
{
    private const int Schedules = 150;
    private const int SchedulesToFind = 10_000;

    [Fact]
    public void WhenAnAccessorGoesAndItsSlotIsTakenBesideAnUnmapThenNothingStaysMapped() =>
        Checks.AssertPasses(MemoryModel.Tso, DisposeAgainstUnmap, Schedules);

    /// <summary>The table still names the slot: the next accessor in it is visited and waited for like any other.</summary>
    [Fact]
    public void WhenAFaultUnderAnInheritedSlotIsNotLookedAtAgainThenAPageStaysInTheHole() =>
        Checks.WithMutant(Mutant.SkipSecondValidation, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, DisposeAgainstUnmap));

    [Fact]
    public void WhenAnAccessorGoesBesideACopyThenTheOthersSeeTheCopy() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => DisposeAgainstCopy(scope), Schedules);

    [Fact]
    public void WhenCopiedPagesAreNotShotDownThenTheNextInTheSlotReadsTheOldOne() =>
        Checks.WithMutant(Mutant.SkipShootdownOfCopiedPage, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, DisposeAgainstCopy));

    /// <summary>
    /// <code>
    ///   first accessor                         second accessor              unmap
    ///   alone: the classic way
    ///                                          comes; faults speculatively
    ///   installs under the same table's lock   installs                     zaps
    /// </code>
    /// </summary>
    [Fact]
    public void WhenASecondAccessorComesWhileTheFirstFaultsTheClassicWayThenBothSeeOnePage() =>
        Checks.AssertPasses(MemoryModel.Tso, SecondAccessor, Schedules);

    [Fact]
    public void WhenTheShortCutEndsBesideAnUnmapThenNothingStaysMapped() => Checks.AssertPasses(MemoryModel.Tso, SecondAccessorAgainstUnmap, Schedules);

    [Fact]
    public void WhenTheSecondAccessorDoesNotLookAgainThenAPageStaysInTheHole() =>
        Checks.WithMutant(Mutant.SkipSecondValidation, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, SecondAccessorAgainstUnmap));

    private static void DisposeAgainstUnmap(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        model.TouchNeighbour(model.Reader);
        MemoryAccessor leaving = LeavingAccessor(scope, model);
        scope.Spawn(() =>
        {
            leaving.Dispose();
            MemoryAccessor next = model.AddAccessor();
            ModelSpace.TryTo(() => next.Write(ModelSpace.Second, 2L));
        });
        scope.Spawn(model.Unmap);
    }

    private static void DisposeAgainstCopy(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        MemoryAccessor leaving = LeavingAccessor(scope, model), writer = model.AddAccessor();
        AddressSpace child = model.Space.Fork();
        scope.Spawn(() =>
        {
            leaving.Dispose();
            MemoryAccessor next = model.AddAccessor();
            Assert.Contains(next.Read<long>(ModelSpace.First), new[] { 1L, 2L });
        });
        scope.Spawn(() => writer.Write(ModelSpace.First, 2L));
        model.AtEnd(() =>
        {
            foreach (MemoryAccessor? accessor in model.Space.Accessors.Snapshot)
                if (accessor is not null) Assert.Equal(2, accessor.Read<long>(ModelSpace.First));
            child.Dispose();
        });
    }

    private static MemoryAccessor LeavingAccessor(ExploreScope scope, ModelSpace model)
    {
        MemoryAccessor leaving = model.Space.CreateAccessor();
        leaving.Write(ModelSpace.First, 1L);

        // Its stores may wait in a buffer of the checker, which knows native memory by its address only, while the collector frees the block.
        scope.Cleanup(() => GC.KeepAlive(leaving));
        return leaving;
    }

    private static void SecondAccessor(ExploreScope scope)
    {
        var model = new ModelSpace(scope, shortcut: true);
        scope.Spawn(() => model.Reader.Write(ModelSpace.First, 1L));
        scope.Spawn(() =>
        {
            MemoryAccessor second = model.AddAccessor();
            second.Write(ModelSpace.First + 64, 2L);
            Assert.Contains(second.Read<long>(ModelSpace.First), new[] { 0L, 1L });
        });
        model.AtEnd(() =>
        {
            foreach (MemoryAccessor? accessor in model.Space.Accessors.Snapshot)
                Assert.Equal((1, 2), (accessor!.Read<long>(ModelSpace.First), accessor.Read<long>(ModelSpace.First + 64)));
        });
    }

    private static void SecondAccessorAgainstUnmap(ExploreScope scope)
    {
        var model = new ModelSpace(scope, shortcut: true);
        model.TouchNeighbour(model.Reader);
        scope.Spawn(() => ModelSpace.TryTo(() => model.Reader.Write(ModelSpace.First, 1L)));
        scope.Spawn(() =>
        {
            MemoryAccessor second = model.AddAccessor();
            ModelSpace.TryTo(() => second.Write(ModelSpace.First, 2L));
        });
        scope.Spawn(model.Unmap);
    }
}
