using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models.Faults;

/// <summary>
/// The engine itself: threads touch pages while another unmaps them. Afterwards nothing is mapped in the hole, all frames came
/// home, and nobody wrote to a frame that was free. Each protection that this rests on is taken away once, and missed.
/// </summary>
public class FaultAgainstUnmapModels
{
    private const int Schedules = 2_000;
    private const int SchedulesWithTables = 600;

    // Ends at the first failure; leaves room for an engine whose schedules have become longer.
    private const int SchedulesToFind = 20_000;

    [Fact]
    public void WhenAPageIsWrittenForTheFirstTimeWhileItIsUnmappedThenNothingStays() =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            var model = new ModelSpace(scope);
            WriteAgainstUnmap(scope, model, model.AddAccessor());
        });

    [Fact]
    public void WhenTablesGoWithTheirLastAreaThenNoWalkerReadsAFreedOne() =>
        Checks.AssertPasses(MemoryModel.Tso, ReadWhileTablesGo, SchedulesWithTables);

    [Fact]
    public void WhenTablesGoWhileAFaultMakesThemThenNothingStays() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteWhileTablesGo, SchedulesWithTables);

    /// <summary>
    /// <code>
    ///   read: walk                             unmap
    ///   load parent entry: table T
    ///                                          parent entry := 0, free T
    ///                                          (somebody else writes to T)
    ///   load T's entry: not an entry
    /// </code>
    /// </summary>
    [Fact]
    public void WhenTablesAreFreedUnderAWalkerThenItReadsWhatIsNoTable() =>
        Checks.WithMutant(Mutant.FreeTablesAtOnce, () =>
            Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, ReadWhileTablesGo));

    [Fact]
    public void WhenTwoThreadsNeedTheSameTableForDifferentSpansThenOneOfThemMakesIt() =>
        Checks.AssertPasses(MemoryModel.Tso, FirstPagesOfTwoSpans, SchedulesWithTables);

    /// <summary>
    /// <code>
    ///   fault in one GiB                       fault in the next one
    ///   gate of its span                       gate of its span
    ///   root's entry: none                     root's entry: none
    ///   root's entry := table A
    ///                                          root's entry := table B: A is lost, and what is in it
    /// </code>
    /// </summary>
    [Fact]
    public void WhenUpperTablesAreChangedWithoutTheirLockThenATableIsLost() =>
        Checks.WithMutant(Mutant.SkipUpperTableLock, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, FirstPagesOfTwoSpans));

    [Theory]
    [InlineData(WriterLock.MmapLock)]
    [InlineData(WriterLock.RangeLock)]
    public void WhenTwoSpansAreUnmappedBesideEachOtherThenNoTableIsLost(WriterLock writerLock) =>
        Checks.AssertPasses(MemoryModel.Tso, scope => UnmapTwoSpans(scope, writerLock), SchedulesWithTables);

    [Fact]
    public void WhenThePagesTableStaysThenNothingStaysInIt() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteBesideNeighbour, Schedules);

    /// <summary>
    /// <code>
    ///   fault                                  unmap
    ///   find area: even, walk: table, no page
    ///                                          area odd; table lock, zap, unlock
    ///   table lock
    ///   (area not looked at again)
    ///   install: mapped in a hole
    /// </code>
    /// </summary>
    [Fact]
    public void WhenTheSecondValidationIsRemovedThenAPageStaysInTheHole() =>
        Checks.WithMutant(Mutant.SkipSecondValidation, () =>
        {
            var finding = Checks.AssertFails(MemoryModel.Tso, FindingKind.FailedCheck, WriteBesideNeighbour, SchedulesToFind);
            Assert.Contains("mapped in the hole", finding.Message, StringComparison.Ordinal);
        });

    [Fact]
    public void WhenTwoThreadsWriteTheFirstPagesWhileTheyAreUnmappedThenNothingStays() =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            var model = new ModelSpace(scope);
            MemoryAccessor one = model.AddAccessor(), other = model.AddAccessor();
            model.TouchNeighbour(one);
            scope.Spawn(() => ModelSpace.TryTo(() => other.Write(ModelSpace.First, 1L)));
            WriteAgainstUnmap(scope, model, one);
        });

    [Fact]
    public void WhenAMappedPageIsWrittenWhileItIsUnmappedThenTheFreedFrameIsNot() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteThroughTlb, Schedules);

    /// <summary>
    /// <code>
    ///   write                                  unmap
    ///   section odd (in its store buffer)
    ///   load tag: hit
    ///                                          clear the entry, overwrite the tag, fence
    ///                                          section even: nobody to wait for
    ///                                          free the frame
    ///   store data: into a freed frame
    /// </code>
    /// </summary>
    [Fact]
    public void WhenASectionIsAnnouncedByAPlainStoreThenAFreedFrameIsWritten() =>
        Checks.WithMutant(Mutant.AnnounceSectionByPlainStore, () =>
        {
            var finding = Checks.AssertFails(MemoryModel.Tso, FindingKind.FailedCheck, WriteThroughTlb, SchedulesToFind);
            Assert.Contains("after it was freed", finding.Message, StringComparison.Ordinal);
        });

    [Fact]
    public void WhenASectionIsAnnouncedByAPlainStoreThenSequentialConsistencyDoesNotShowIt() =>
        Checks.WithMutant(Mutant.AnnounceSectionByPlainStore, () =>
            Checks.AssertPasses(MemoryModel.SequentiallyConsistent, WriteThroughTlb, Schedules));

    [Fact]
    public void WhenAMappedPageIsReadWhileItIsUnmappedThenTheReaderSeesItsContentsOrASignal() =>
        Checks.AssertPasses(MemoryModel.Tso, ReadAgainstUnmap, Schedules);

    /// <summary>One accessor has already faulted a neighbour in: table, AnonVma and frames are at hand, the page is not.</summary>
    private static void WriteBesideNeighbour(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        MemoryAccessor accessor = model.AddAccessor();
        model.TouchNeighbour(accessor);
        accessor.Write(ModelSpace.First, 1L);
        WriteAgainstUnmap(scope, model, accessor);
    }

    private static void WriteThroughTlb(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        MemoryAccessor accessor = model.AddAccessor();
        accessor.Write(ModelSpace.Second, 1L);
        WriteAgainstUnmap(scope, model, accessor);
    }

    private static void ReadWhileTablesGo(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        MemoryAccessor accessor = model.AddAccessor();
        model.MapTarget();
        model.Reader.Write(ModelSpace.Target, 7L);
        scope.Spawn(() => ModelSpace.TryTo(() => Assert.Equal(7L, accessor.Read<long>(ModelSpace.Target))));
        scope.Spawn(model.UnmapTarget);
    }

    private static void WriteWhileTablesGo(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        MemoryAccessor accessor = model.AddAccessor();
        model.MapTarget();
        model.Reader.Write(ModelSpace.Target, 7L);
        scope.Spawn(() => ModelSpace.TryTo(() => accessor.Write(ModelSpace.Target + Page.Size, 8L)));
        scope.Spawn(() =>
        {
            model.UnmapTarget();
            model.Space.Graveyard.Release();
        });
    }

    private static void FirstPagesOfTwoSpans(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        MemoryAccessor one = model.AddAccessor(), other = model.AddAccessor();
        model.MapTarget();
        scope.Spawn(() => one.Write(ModelSpace.First, 1L));
        scope.Spawn(() => other.Write(ModelSpace.Target, 2L));
        model.AtEnd(() =>
        {
            Assert.Equal((1L, 2L), (model.Reader.Read<long>(ModelSpace.First), model.Reader.Read<long>(ModelSpace.Target)));
            model.UnmapTarget();
        });
    }

    private static void UnmapTwoSpans(ExploreScope scope, WriterLock writerLock)
    {
        var model = new ModelSpace(scope, writerLock: writerLock);
        model.MapTarget();
        model.Reader.Write(ModelSpace.First, 1L);
        model.Reader.Write(ModelSpace.Target, 2L);
        scope.Spawn(model.Unmap);
        scope.Spawn(model.UnmapTarget);
    }

    private static void ReadAgainstUnmap(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        MemoryAccessor accessor = model.AddAccessor();
        model.Reader.Write(ModelSpace.First, 7L);
        scope.Spawn(() => ModelSpace.TryTo(() => Assert.Equal(7L, accessor.Read<long>(ModelSpace.First))));
        scope.Spawn(model.Unmap);
    }

    private static void WriteAgainstUnmap(ExploreScope scope, ModelSpace model, MemoryAccessor accessor)
    {
        scope.Spawn(() => ModelSpace.TryTo(() => accessor.Write(ModelSpace.Second, 2L)));
        scope.Spawn(model.Unmap);
    }
}
