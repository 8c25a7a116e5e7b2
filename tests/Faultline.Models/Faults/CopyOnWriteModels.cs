using Faultline.Checker;
using Faultline.Faults;
using Faultline.Paging;
using Faultline.Sync;

namespace Faultline.Models.Faults;

/// <summary>
/// A page with two holders, or the zero page, while one of them writes: who has read the new contents never reads the old again, and nothing is
/// written to a page that another sees. Each protection that this rests on is taken away once, and missed.
/// </summary>
public class CopyOnWriteModels
{
    private const int Schedules = 600;

    // A fork looks at every entry of a TLB: 1,500 steps.
    private const int SchedulesOfForks = 150;
    private const int SchedulesToFind = 10_000;

    [Fact]
    public void WhenTheZeroPageIsReplacedThenNobodyReadsZeroesAfterwards() =>
        Checks.AssertPasses(MemoryModel.Tso, ReplaceZeroPage, Schedules);

    [Fact]
    public void WhenASharedPageIsCopiedThenNobodyReadsTheOldOneAfterwards() =>
        Checks.AssertPasses(MemoryModel.Tso, ReplaceSharedPage, Schedules);

    [Fact]
    public void WhenAPageIsReplacedWithoutAShootdownThenTheOldOneIsReadAfterwards() =>
        Checks.WithMutant(Mutant.SkipShootdownOfCopiedPage, () =>
        {
            Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, ReplaceZeroPage);
            Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, ReplaceSharedPage);
        });

    [Fact]
    public void WhenAChildUnmapsWhatItsParentWritesThenTheChildNeverReadsIt() =>
        Checks.AssertPasses(MemoryModel.Tso, UnmapInChild, Schedules);

    /// <summary>
    /// <code>
    ///   child: unmap                parent                              child: another thread
    ///   clear the entry
    ///   drop the reference          the only holder: writes in place    reads the parent's 2 by a translation that is gone
    ///   shoot down
    /// </code>
    /// </summary>
    [Fact]
    public void WhenTheReferenceIsDroppedBeforeTheShootdownThenTheChildReadsIt() =>
        Checks.WithMutant(Mutant.DropReferenceBeforeShootdown, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, UnmapInChild));

    /// <summary>What the child sees was true when the fork returned, and stays.</summary>
    [Fact]
    public void WhenAPageIsWrittenWhileItIsForkedThenTheChildsPageStaysAsItIs() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => WriteAgainstFork(scope, isFirst: false), SchedulesOfForks);

    /// <summary>Race 22: the fork finds no AnonVma, and so nothing to copy, while a fault is about to set one.</summary>
    [Fact]
    public void WhenTheFirstPageIsWrittenWhileItIsForkedThenTheChildHasItOrNothing() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => WriteAgainstFork(scope, isFirst: true), SchedulesOfForks);

    [Fact]
    public void WhenAForkReturnsBeforeItsShootdownThenTheChildsPageChanges() =>
        Checks.WithMutant(Mutant.SkipFlushInFork, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, scope => WriteAgainstFork(scope, isFirst: false)));

    /// <summary>The timeline is in <see cref="SourceFrame{TDesign}"/>. The faulting accessor has held no translation of the table before, so nobody waits for it.</summary>
    [Fact]
    public void WhenTheFrameOfACopiedPageComesBackAsAnotherPageThenTheCopyIsOfThatPage() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteAgainstReusedFrame, Schedules);

    [Fact]
    public void WhenNobodyKeepsTheCopiedFrameThenAFreeFramesContentsAreMapped() =>
        Checks.WithMutant(Mutant.CopyFromFreedFrame, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, WriteAgainstReusedFrame));

    /// <summary>The start of the fault and the change of the mapping have their order given: to find it takes minutes.</summary>
    private static void WriteAgainstReusedFrame(ExploreScope scope)
    {
        const byte Old = 0x0A, New = 0x0B;
        var model = new ModelSpace(scope);
        MemoryAccessor writer = model.AddAccessor();
        model.MapTarget();
        writer.Write(ModelSpace.Target, 0L);
        model.TouchNeighbour(model.Reader);
        model.MapFile(ModelSpace.First, page => page.Fill(Old));
        Assert.Equal(Old, model.Reader.Read<byte>(ModelSpace.First));
        Assert.Equal(Old, model.Reader.Read<byte>(ModelSpace.Third));
        model.AtEnd(() => Assert.Equal(New, model.Reader.Read<byte>(ModelSpace.Third + 1)));
        WordCell walked = new(0), mapped = new(0);
        scope.Spawn(() =>
        {
            writer.EnterSection();
            PageWalk walk = model.Space.PageTable.Walk(ModelSpace.Third);
            walked.Store(1);
            Await(mapped);
            Assert.Equal(FaultSignal.None, FaultHandler.Handle(writer, ModelSpace.Third, AccessKind.Write, walk));
            writer.LeaveSection();
        });
        scope.Spawn(() =>
        {
            Await(walked);
            model.MapFile(ModelSpace.First, page => page.Fill(New));

            // The area has an AnonVma from here on, so that the other fault needs only one pass. The file's pages come into the old one's frames.
            model.Reader.Write<byte>(ModelSpace.First, 1);
            mapped.Store(1);
            Assert.Equal(New, model.Reader.Read<byte>(ModelSpace.Third));
        });
    }

    private static void Await(WordCell flag)
    {
        var backoff = new Backoff();
        while (flag.Load() == 0) backoff.Wait();
    }

    private static void UnmapInChild(ExploreScope scope)
    {
        AddressSpace? child = null;
        MemoryAccessor? reader = null;
        var model = new ModelSpace(scope);
        model.AtEnd(() =>
        {
            Assert.Equal(2, model.Reader.Read<long>(ModelSpace.First));
            reader!.Dispose();
            child!.Dispose();
        });
        MemoryAccessor writer = model.Reader;
        writer.Write(ModelSpace.First, 1L);
        child = model.Space.Fork();
        reader = child.CreateAccessor();
        Assert.Equal(1, reader.Read<long>(ModelSpace.First));
        scope.Spawn(() => child.Unmap(ModelSpace.First, ModelSpace.Length));
        scope.Spawn(() => writer.Write(ModelSpace.First, 2L));
        scope.Spawn(() => ModelSpace.TryTo(() => Assert.Equal(1, reader.Read<long>(ModelSpace.First))));
    }

    private static void WriteAgainstFork(ExploreScope scope, bool isFirst)
    {
        AddressSpace? child = null;
        MemoryAccessor? look = null;
        long seen = -1;
        var model = new ModelSpace(scope);
        model.AtEnd(() =>
        {
            Assert.Contains(seen, new long[] { isFirst ? 0 : 1, 2 });
            Assert.Equal(seen, look!.Read<long>(ModelSpace.First));
            Assert.Equal(2, model.Reader.Read<long>(ModelSpace.First));
            look.Dispose();
            child!.Dispose();
        });
        MemoryAccessor writer = model.AddAccessor();
        if (!isFirst) writer.Write(ModelSpace.First, 1L);
        scope.Spawn(() => writer.Write(ModelSpace.First, 2L));
        scope.Spawn(() =>
        {
            child = model.Space.Fork();
            look = child.CreateAccessor();
            seen = look.Read<long>(ModelSpace.First);
        });
    }

    private static void ReplaceZeroPage(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        Replace(scope, model, before: 0);
    }

    private static void ReplaceSharedPage(ExploreScope scope)
    {
        AddressSpace? child = null;
        var model = new ModelSpace(scope);
        model.AtEnd(() => child!.Dispose());
        model.Reader.Write(ModelSpace.First, 1L);
        child = model.Space.Fork();
        Replace(scope, model, before: 1);
    }

    /// <summary>One thread replaces the page that another has a translation of, and then says so on a page that nobody replaces.</summary>
    private static void Replace(ExploreScope scope, ModelSpace model, long before)
    {
        MemoryAccessor writer = model.AddAccessor(), reader = model.Reader;
        writer.Write(ModelSpace.Third, 0L);
        Assert.Equal(0, reader.Read<long>(ModelSpace.Third));
        Assert.Equal(before, reader.Read<long>(ModelSpace.First));
        scope.Spawn(() =>
        {
            writer.Write(ModelSpace.First, 2L);
            writer.Write(ModelSpace.Third, 1L);
        });
        scope.Spawn(() =>
        {
            bool replaced = reader.Read<long>(ModelSpace.Third) == 1;
            long first = reader.Read<long>(ModelSpace.First), second = reader.Read<long>(ModelSpace.First);
            Assert.True(first == 2 || (first == before && !replaced), $"read {first}, replaced before: {replaced}");
            Assert.True(second == 2 || (second == before && first == before), $"read {second} after {first}");
        });
    }
}
