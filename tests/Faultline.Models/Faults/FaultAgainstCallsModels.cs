using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models.Faults;

/// <summary>
/// Accesses against the calls that change what they may find: <c>mprotect</c>, <c>mremap</c>, <c>mmap</c> over a mapping, <c>madvise</c>. What a thread
/// finds after such a call has returned stays as it is: nobody writes through what the call took away, and nothing that was written is lost.
/// Each protection that this rests on is taken away once, and missed.
/// </summary>
public class FaultAgainstCallsModels
{
    private const int Schedules = 600;
    private const int SchedulesToFind = 10_000;
    private const ulong Target = ModelSpace.Target;

    [Fact]
    public void WhenAPageIsProtectedWhileItIsWrittenThenNoWriteComesAfterTheCall() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => WriteAgainstProtect(scope, isMapped: true), Schedules);

    [Fact]
    public void WhenAPageIsProtectedBeforeItsFirstWriteThenNoWriteComesAfterTheCall() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => WriteAgainstProtect(scope, isMapped: false), Schedules);

    /// <summary>Race 14: a writable page in an area that is read-only by now.</summary>
    [Fact]
    public void WhenTheSecondValidationIsRemovedThenAWriteComesAfterAProtect() =>
        Checks.WithMutant(Mutant.SkipSecondValidation, () =>
            Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, scope => WriteAgainstProtect(scope, isMapped: false)));

    [Fact]
    public void WhenAMappedPageMovesWhileItIsWrittenThenTheWriteMovesAlong() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => WriteAgainstMove(scope, ModelSpace.First), Schedules);

    [Fact]
    public void WhenAPageMovesBeforeItsFirstWriteThenTheWriteMovesAlong() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => WriteAgainstMove(scope, ModelSpace.Second), Schedules);

    /// <summary>Race 11: the fault's page is left where nothing is mapped.</summary>
    [Fact]
    public void WhenTheSecondValidationIsRemovedThenAMoveLeavesAPageBehind() =>
        Checks.WithMutant(Mutant.SkipSecondValidation, () =>
            Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, scope => WriteAgainstMove(scope, ModelSpace.Second)));

    [Fact]
    public void WhenTheTargetOfAMoveIsWrittenThenNoPageIsPutOverIt() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteTargetOfMove, Schedules);

    /// <summary>
    /// Race 10.
    /// <code>
    ///   mremap                                 thread 2
    ///   target's area in the tree, even
    ///                                          writes to the target: a new page
    ///   move an entry over the page            … which is lost, and leaked
    /// </code>
    /// </summary>
    [Fact]
    public void WhenTheTargetOfAMoveIsEvenTooEarlyThenAPageIsPutOverAnother() =>
        Checks.WithMutant(Mutant.PublishAreasEven, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, WriteTargetOfMove));

    [Fact]
    public void WhenPagesLeaveAnAreaThatStaysThenAWriteIsOnOneSide() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteAgainstMoveThatKeepsTheSource, Schedules);

    [Fact]
    public void WhenAMappingIsReplacedWhileItIsWrittenThenTheOldPageIsNeverSeenAgain() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => WriteAgainstReplacement(scope, Protection.ReadWrite), Schedules);

    [Fact]
    public void WhenAMappingIsReplacedByAReadOnlyOneThenNoPageOfItMayBeWritten() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => WriteAgainstReplacement(scope, Protection.Read), Schedules);

    /// <summary>A page of the old mapping appears in the new one.</summary>
    [Fact]
    public void WhenTheSecondValidationIsRemovedThenAPageOfTheNewMappingMayBeWritten() =>
        Checks.WithMutant(Mutant.SkipSecondValidation, () =>
            Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, scope => WriteAgainstReplacement(scope, Protection.Read)));

    [Fact]
    public void WhenAPageIsDroppedWhileItIsWrittenThenTheOldPageIsNeverSeenAgain() =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
            WriteAgainst(scope, ModelSpace.First, model => model.Space.Advise(ModelSpace.First, ModelSpace.Length, Advice.DontNeed)));

    /// <summary>Race 16: what is written after <c>MADV_FREE</c> is dirty, so that reclaim does not forget it.</summary>
    [Fact]
    public void WhenAPageIsGivenUpWhileItIsWrittenThenALaterWriteIsDirty() =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: Schedules, body: scope =>
        {
            long seen = -1;
            var model = new ModelSpace(scope);
            model.AtEnd(() =>
            {
                Assert.Equal(2, model.Reader.Read<long>(ModelSpace.First));
                if (seen == 1) Assert.True(model.Space.PageTable.Walk(ModelSpace.First).Value.IsDirty, "the write came after the call");
            });
            MemoryAccessor writer = model.AddAccessor();
            writer.Write(ModelSpace.First, 1L);
            scope.Spawn(() => writer.Write(ModelSpace.First, 2L));
            scope.Spawn(() =>
            {
                model.Space.Advise(ModelSpace.First, ModelSpace.Length, Advice.Free);
                seen = model.Reader.Read<long>(ModelSpace.First);
            });
        });

    private static void WriteTargetOfMove(ExploreScope scope)
    {
        bool written = false;
        var model = new ModelSpace(scope);
        model.AtEnd(() => Assert.Equal(written ? 2 : 1, model.Reader.Read<long>(Target)));
        MemoryAccessor writer = model.AddAccessor();
        writer.Write(ModelSpace.First, 1L);
        scope.Spawn(() => written = ModelSpace.TryTo(() => writer.Write(Target, 2L)));
        scope.Spawn(() => model.MoveTo(Target));
    }

    private static void WriteAgainstMoveThatKeepsTheSource(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        model.AtEnd(() =>
        {
            (long old, long moved) = (model.Reader.Read<long>(ModelSpace.First), model.Reader.Read<long>(Target));
            Assert.True((old, moved) is (0, 2) or (2, 1), $"{old} stayed and {moved} moved");
        });
        MemoryAccessor writer = model.AddAccessor();
        writer.Write(ModelSpace.First, 1L);
        scope.Spawn(() => writer.Write(ModelSpace.First, 2L));
        scope.Spawn(() => model.MoveTo(Target, RemapFlags.DontUnmap));
    }

    private static void WriteAgainstProtect(ExploreScope scope, bool isMapped)
    {
        bool written = false;
        long seen = -1;
        var model = new ModelSpace(scope);
        model.AtEnd(() =>
        {
            long now = model.Reader.Read<long>(ModelSpace.First);
            Assert.True(now == seen, $"{seen} after the call, {now} at the end");
            Assert.Equal(written ? 2 : isMapped ? 1 : 0, now);
            model.AssertReadOnly();
        });
        MemoryAccessor writer = model.AddAccessor();
        writer.Write(ModelSpace.Second, 1L);
        if (isMapped) writer.Write(ModelSpace.First, 1L);
        scope.Spawn(() => written = ModelSpace.TryTo(() => writer.Write(ModelSpace.First, 2L)));
        scope.Spawn(() =>
        {
            model.Space.Protect(ModelSpace.First, ModelSpace.Length, Protection.Read);
            seen = model.Reader.Read<long>(ModelSpace.First);
        });
    }

    /// <summary>The first page is mapped; <paramref name="written"/> may be another of the area.</summary>
    private static void WriteAgainstMove(ExploreScope scope, ulong written)
    {
        bool done = false;
        var model = new ModelSpace(scope);
        model.AtEnd(() =>
        {
            long before = written == ModelSpace.First ? 1 : 0;
            Assert.Equal(done ? 2 : before, model.Reader.Read<long>(written - ModelSpace.First + Target));
            Assert.Equal(written == ModelSpace.First && done ? 2 : 1, model.Reader.Read<long>(Target));
        });
        MemoryAccessor writer = model.AddAccessor();

        // Who has translations of the table is waited for with its lock held, and could only meet the lock.
        (written == ModelSpace.First ? writer : model.Reader).Write(ModelSpace.First, 1L);
        scope.Spawn(() => done = ModelSpace.TryTo(() => writer.Write(written, 2L)));
        scope.Spawn(() => model.MoveTo(Target));
    }

    private static void WriteAgainstReplacement(ExploreScope scope, Protection protection)
    {
        bool writable = protection == Protection.ReadWrite;
        WriteAgainst(scope, writable ? ModelSpace.First : ModelSpace.Second, model =>
        {
            model.Space.Map(ModelSpace.First, ModelSpace.Length, protection, MapFlags.Private | MapFlags.Fixed);
            if (!writable) model.AtEnd(model.AssertReadOnly);
        });
    }

    /// <summary>A page is set to 2 beside a call that drops it; somebody looks after the call, and at the end.</summary>
    private static void WriteAgainst(ExploreScope scope, ulong written, Action<ModelSpace> call)
    {
        long seen = -1;
        var model = new ModelSpace(scope);
        model.AtEnd(() =>
        {
            long now = model.Reader.Read<long>(written);
            Assert.True((seen, now) is (0, 0) or (0, 2) or (2, 2), $"{seen} after the call, {now} at the end");
        });
        MemoryAccessor writer = model.AddAccessor();
        writer.Write(ModelSpace.First, 1L);
        scope.Spawn(() => ModelSpace.TryTo(() => writer.Write(written, 2L)));
        scope.Spawn(() =>
        {
            call(model);
            seen = model.Reader.Read<long>(written);
        });
    }
}
