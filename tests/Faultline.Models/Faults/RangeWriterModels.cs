using Faultline.Checker;
using Faultline.Files;
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

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public void WhenAMapJoinsTwoNeighboursWhileBothAreProtectedThenTheAreasAreThoseOfOneOrder(int pages) =>
        Checks.AssertPasses(MemoryModel.Tso, scope => JoinAgainstProtects(scope, pages), Schedules);

    /// <summary>
    /// <code>
    ///   mprotect on the left          mprotect on the right         map of the gap
    ///   concerns: left, its table
    ///                                 concerns: right, its table
    ///                                                               range: both areas and the gap; all one area now
    ///   range: left, its table
    ///   (not looked at again)
    ///                                 range: right, its table
    ///                                 (not looked at again)
    ///   replaces the one area         replaces the one area
    /// </code>
    /// </summary>
    /// <remarks>Beside the map alone a range that was not looked at again does no harm: what it has to overlap is the gap, which it does.</remarks>
    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public void WhenARangeIsNotLookedAtAgainThenAnAreaIsReplacedThatReachesOutOfIt(int pages) =>
        Checks.WithMutant(Mutant.SkipSecondLookUnderRange, () =>
            Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, scope => JoinAgainstProtects(scope, pages)));

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

    [Fact]
    public void WhenNobodyIsFoundInASpanBesideAnUnmapOfAFileThenNobodyFindsItsTablesThroughTheFile() =>
        Checks.AssertPasses(MemoryModel.Tso, LookBesideUnmapOfFile, Schedules);

    /// <summary>
    /// <code>
    ///   munmap in another GiB, about to free a table    munmap of a file's area                       truncation, which holds no range
    ///   range of the rest held? no
    ///                                                   range held; area out of the tree              (visits the area, which is listed)
    ///   an area in the rest? no: the table is free                                                    stands on the table
    ///                                                   out of the file's list
    /// </code>
    /// </summary>
    [Fact]
    public void WhenHoldersAreLookedForOnceThenAFileStillLeadsToTablesOfASpanThatLooksFree() =>
        Checks.WithMutant(Mutant.LookForHoldersOnce, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, LookBesideUnmapOfFile));

    private static void LookBesideUnmapOfFile(ExploreScope scope)
    {
        const ulong Gibibyte = 1UL << 30, Held = ModelSpace.Target + (Gibibyte / 2);
        var model = new ModelSpace(scope, writerLock: WriterLock.RangeLock);
        VmFile file = model.MapFile(ModelSpace.Target, page => page.Clear());
        scope.Spawn(model.UnmapTarget);
        scope.Spawn(() =>
        {
            Fence.Full();
            if (!model.Space.IsFreeBesides(Held, Held + P, ModelSpace.Target, ModelSpace.Target + Gibibyte)) return;
            file.Mappings.Enter();
            bool isListed = file.Mappings.First is not null;
            file.Mappings.Exit();
            Assert.False(isListed, "The file leads to tables of a span that looks free.");
        });
    }

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

    /// <summary>Two areas of two pages, a gap in which their tables meet, and calls that change the outer pages of both, or all of both: then they lock a page beside them only.</summary>
    private static void JoinAgainstProtects(ExploreScope scope, int pages)
    {
        const ulong Border = ModelSpace.Target + (1 << 21), Left = Border - (3 * P), LeftEnd = Border - P, Right = Border + P, RightEnd = Border + (3 * P);
        ulong length = (ulong)pages * P;
        var model = new ModelSpace(scope, writerLock: WriterLock.RangeLock);
        Map(Left, LeftEnd);
        Map(Right, RightEnd);
        scope.Spawn(() => model.Space.Protect(Left, length, Protection.Read));
        scope.Spawn(() => model.Space.Protect(RightEnd - length, length, Protection.Read));
        scope.Spawn(() => Map(LeftEnd, Right));
        model.AtEnd(() =>
        {
            Assert.Equal(
                [
                    (Left, Left + length, Protection.Read),
                    (Left + length, RightEnd - length, Protection.ReadWrite),
                    (RightEnd - length, RightEnd, Protection.Read),
                ],
                model.Space.ListAreas().Where(area => area.Start >= Left).Select(area => (area.Start, area.End, area.Protection)));
            model.Space.Unmap(Left, RightEnd - Left);
        });

        void Map(ulong start, ulong end) => model.Space.Map(start, end - start, Protection.ReadWrite, MapFlags.Private | MapFlags.FixedNoReplace);
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
