using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models.Faults;

/// <summary>Two calls that change areas beside each other, each under its range. What a range rests on is taken away once, and missed.</summary>
public class RangeWriterModels
{
    private const int Schedules = 400;

    // Ends at the first failure.
    private const int SchedulesToFind = 10_000;

    private const ulong P = Page.Size;

    // What a room that nobody uses keeps all of: whoever asks for an area under a range is refused.
    private const int Areas = 20;

    [Fact]
    public void WhenAMapJoinsTwoNeighboursWhileOneIsProtectedThenTheAreasAreThoseOfOneOrder() =>
        Checks.AssertPasses(MemoryModel.Tso, JoinAgainstProtect, Schedules);

    /// <summary>
    /// <code>
    ///   mprotect of the third page                map of the gap
    ///   concerns: the first area, the gap
    ///                                             range: both areas and the gap; all one area now
    ///   range: the first area, the gap
    ///   (not looked at again)
    ///   replaces the area, also where it has not locked it
    /// </code>
    /// </summary>
    [Fact]
    public void WhenARangeIsNotLookedAtAgainThenAnAreaIsReplacedThatReachesOutOfIt() =>
        Checks.WithMutant(Mutant.SkipSecondLookUnderRange, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, JoinAgainstProtect));

    [Theory]
    [InlineData(FaultDesign.Classic)]
    [InlineData(FaultDesign.AreaSequence)]
    [InlineData(FaultDesign.SpaceSequence)]
    public void WhenAMapTakesTheHoleThatAnUnmapLeavesThenItsPageIsItsOwn(FaultDesign design) =>
        Checks.AssertPasses(MemoryModel.Tso, scope => MapAgainstUnmap(scope, design, refuse: false), Schedules);

    [Fact]
    public void WhenTheUnmapHoldsTheWholeSpaceThenThePageIsTheMapsOwnToo() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => MapAgainstUnmap(scope, FaultDesign.AreaSequence, refuse: true), Schedules);

    /// <summary>
    /// <code>
    ///   munmap, whole space                      mmap, under a range
    ///   area out of the tree
    ///   space's lock: write → read
    ///                                            new area into the hole; a write finds the old page
    ///   zap the old page: the write is lost
    /// </code>
    /// </summary>
    [Fact]
    public void WhenADowngradeLeavesTheRangesFreeThenAWriteIsLost() =>
        Checks.WithMutant(Mutant.KeepRangesFreeAtDowngrade, () =>
            Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, scope => MapAgainstUnmap(scope, FaultDesign.AreaSequence, refuse: true)));

    [Fact]
    public void WhenTheHeapAndAMapWantTheSamePageThenOneOfThemGetsIt() =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            const ulong Heap = ModelSpace.Target;
            var model = new ModelSpace(scope, writerLock: WriterLock.RangeLock, brkStart: Heap);
            Errno grown = Errno.None, mapped = Errno.None;
            scope.Spawn(() => grown = model.Space.TryBrk(Heap + (2 * P), out _));
            scope.Spawn(() => mapped = model.Space.TryMap(
                Heap + P, P, Protection.Read, MapFlags.Private | MapFlags.FixedNoReplace, out _));
            model.AtEnd(() =>
            {
                Assert.Contains((grown, mapped), new[] { (Errno.None, Errno.EEXIST), (Errno.ENOMEM, Errno.None) });
                Assert.Equal(grown == Errno.None ? Heap + (2 * P) : Heap, model.Space.Break);
            });
        });

    [Fact]
    public void WhenAMoveCrossesALongRangeThenNeitherWaitsForEver() =>
        Checks.AssertPasses(MemoryModel.Tso, MoveAcrossProtect, Schedules);

    /// <summary>
    /// <code>
    ///   mremap: source and target                mprotect of both and all between
    ///   range of the source
    ///                                            waits for the source
    ///   waits for the target, behind the mprotect, which came first
    /// </code>
    /// </summary>
    [Fact]
    public void WhenAMoveWaitsForItsTargetWithItsSourceHeldThenBothWaitForEver() =>
        Checks.WithMutant(Mutant.WaitWithARangeHeld, () =>
        {
            var finding = Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, MoveAcrossProtect);
            Assert.Equal(FindingKind.Deadlock, finding.Kind);
        });

    [Fact]
    public void WhenAMoveNeedsATableThatAnUnmapNextDoorLeavesEmptyThenItsPageArrives() =>
        Checks.AssertPasses(MemoryModel.Tso, MoveAgainstUnmapNextDoor, Schedules);

    /// <summary>
    /// <code>
    ///   munmap                                   mremap to another lowest table of the same higher one
    ///                                            walk: one table is missing
    ///   higher table: empty, detached
    ///                                            installs one table: its parent is gone
    /// </code>
    /// </summary>
    [Fact]
    public void WhenAnUnmapDoesNotLookWhoHoldsTheRestThenTheTableThatAMoveNeedsIsGone() =>
        Checks.WithMutant(Mutant.DetachTablesBesideHolders, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, MoveAgainstUnmapNextDoor));

    private static void MoveAgainstUnmapNextDoor(ExploreScope scope)
    {
        const ulong NextTable = ModelSpace.Target + (1 << 22);
        var model = new ModelSpace(scope, writerLock: WriterLock.RangeLock);
        MemoryAccessor writer = model.AddAccessor();
        model.Reader.Write(ModelSpace.Second, 1L);
        model.MapTarget();
        writer.Write(ModelSpace.Target, 2L);
        scope.Spawn(model.UnmapTarget);
        scope.Spawn(() => model.MoveTo(NextTable));
        model.AtEnd(() =>
        {
            Assert.Equal(1L, model.Reader.Read<long>(NextTable + P));
            model.Space.Unmap(NextTable, ModelSpace.Length);
        });
    }

    private static void JoinAgainstProtect(ExploreScope scope)
    {
        var model = new ModelSpace(scope, writerLock: WriterLock.RangeLock);
        scope.Spawn(() => model.Space.Map(ModelSpace.End, P, Protection.ReadWrite, MapFlags.Private | MapFlags.Fixed));
        scope.Spawn(() => model.Space.Protect(ModelSpace.Third, P, Protection.Read));
        model.AtEnd(() => Assert.Equal(
            [
                (ModelSpace.First, ModelSpace.Third, Protection.ReadWrite),
                (ModelSpace.Third, ModelSpace.End, Protection.Read),
                (ModelSpace.End, ModelSpace.End + (2 * P), Protection.ReadWrite),
            ],
            model.Space.ListAreas().Select(area => (area.Start, area.End, area.Protection))));
    }

    private static void MapAgainstUnmap(ExploreScope scope, FaultDesign design, bool refuse)
    {
        const long Mark = 7;
        var model = new ModelSpace(scope, design, WriterLock.RangeLock, maximumAreas: Areas);
        MemoryAccessor writer = model.AddAccessor();
        model.TouchNeighbour(writer);
        writer.Write(ModelSpace.Second, 1L);
        if (refuse) model.KeepAllAreas();
        bool wrote = false;
        scope.Spawn(() => model.Space.Unmap(ModelSpace.Second, P));
        scope.Spawn(() =>
        {
            Errno error = model.Space.TryMap(ModelSpace.Second, P, Protection.ReadWrite, MapFlags.Private | MapFlags.FixedNoReplace, out _);
            if (error == Errno.None) wrote = ModelSpace.TryTo(() => writer.Write(ModelSpace.Second, Mark));
            else Assert.Equal(Errno.EEXIST, error);
        });
        model.AtEnd(() =>
        {
            bool isMapped = model.Space.Areas.Find(ModelSpace.Second) is not null;
            Assert.Equal(wrote, isMapped);
            if (isMapped) Assert.Equal(Mark, model.Reader.Read<long>(ModelSpace.Second));
        });
    }

    private static void MoveAcrossProtect(ExploreScope scope)
    {
        var model = new ModelSpace(scope, writerLock: WriterLock.RangeLock);
        model.Reader.Write(ModelSpace.Second, 1L);
        scope.Spawn(() => model.MoveTo(ModelSpace.Target));
        scope.Spawn(() => Assert.Equal(
            Errno.ENOMEM, model.Space.TryProtect(ModelSpace.First, ModelSpace.Target + ModelSpace.Length - ModelSpace.First, Protection.ReadWrite)));
        model.AtEnd(() => Assert.Equal(1, model.Reader.Read<long>(ModelSpace.Target + P)));
    }
}
