using Faultline.Checker;
using Faultline.Files;
using Faultline.Models.Faults;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Reclaim;
using Faultline.Sync;

namespace Faultline.Models.Files;

/// <summary>
/// Accesses to a mapped file against what the file does by itself, without <c>mmap_lock</c>: truncation, write-back and reclaim. Each order that this rests on is turned round once,
/// and missed.
/// </summary>
public class FileModels
{
    private const int Schedules = 400;
    private const int SchedulesToFind = 10_000;

    [Fact]
    public void WhenAPageIsReadWhileItIsCutOffThenItIsNotMappedAfterwards() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => AccessAgainstCut(scope, write: false), Schedules);

    [Fact]
    public void WhenAPageIsWrittenWhileItIsCutOffThenItIsNotMappedAfterwards() =>
        Checks.AssertPasses(MemoryModel.Tso, scope => AccessAgainstCut(scope, write: true), Schedules);

    /// <summary>
    /// <code>
    ///   fault                                  truncation
    ///                                          table lock: zap, unlock
    ///   table lock: the cache has the page
    ///   map it
    ///                                          out of the cache; let the frame go
    /// </code>
    /// </summary>
    [Fact]
    public void WhenPagesAreUnmappedBeforeTheyLeaveTheCacheThenOneStaysMapped() =>
        Checks.WithMutant(Mutant.UnmapBeforeCut, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, scope => AccessAgainstCut(scope, write: false)));

    [Fact]
    public void WhenAPageIsWrittenWhileItIsWrittenBackThenTheNextWriteBackHasTheWrite() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteAgainstWriteBack, Schedules);

    /// <summary>
    /// <code>
    ///   fault                                  write-back
    ///                                          table lock: entry read-only, unlock
    ///   table lock: mark on, entry writable
    ///                                          mark off: a writable page that counts as clean
    /// </code>
    /// </summary>
    [Fact]
    public void WhenThePageIsMarkedCleanAfterItsEntriesThenAWriteIsLost() =>
        Checks.WithMutant(Mutant.MarkCleanAfterEntries, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, WriteAgainstWriteBack));

    [Fact]
    public void WhenAPageIsCutOffWhileItMovesThenNobodyWritesToItsFrameThroughItsOldAddress() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteAgainstMoveAndCut, Schedules);

    /// <summary>The truncation shoots down the new address, and frees the frame; the old address is still in a TLB.</summary>
    [Fact]
    public void WhenTheOldAddressIsShotDownAfterTheMoveThenAFreedFrameIsWritten() =>
        Checks.WithMutant(Mutant.ShootDownAfterMove, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, WriteAgainstMoveAndCut));

    [Fact]
    public void WhenAPageIsReadWhileItIsReclaimedThenNobodyReadsWhatItsFrameHoldsNext() =>
        Checks.AssertPasses(MemoryModel.Tso, ReadAgainstReclaim, Schedules);

    /// <summary>
    /// <code>
    ///   fault                                  reclaim
    ///                                          table lock: no entry, unlock
    ///   table lock: in the cache, up to date
    ///                                          two references: out of the cache; the frame is free
    ///   one more reference; maps the free frame
    /// </code>
    /// </summary>
    [Fact]
    public void WhenAPageMayBeMappedWhileItIsReclaimedThenAFreeFrameIsMapped() =>
        Checks.WithMutant(Mutant.ReclaimMappablePages, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, ReadAgainstReclaim));

    [Fact]
    public void WhenAPageIsWrittenWhileItIsWrittenBackAndReclaimedThenTheFileOrTheCacheHasTheWrite() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteAgainstReclaim, Schedules);

    /// <summary>The write comes after the write-back and before the entry is taken away.</summary>
    [Fact]
    public void WhenAPageIsForgottenThoughItIsDirtyAgainThenAWriteIsLost() =>
        Checks.WithMutant(Mutant.ForgetDirtyPages, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, WriteAgainstReclaim));

    [Fact]
    public void WhenAPageIsReadAndUnmappedWhileItIsCutOffThenItsFrameIsNotFreedUnderTheFault() =>
        Checks.AssertPasses(MemoryModel.Tso, ReadAgainstUnmapAndCut, Schedules);

    /// <summary>The timeline is in <see cref="Areas.AreaChange.Unlist"/>.</summary>
    [Fact]
    public void WhenAnAreaLeavesItsFilesListBeforeItsPagesAreZappedThenTheCutFreesAFrameThatIsBeingMapped() =>
        Checks.WithMutant(Mutant.UnlistBeforeZap, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, ReadAgainstUnmapAndCut));

    private static void ReadAgainstReclaim(ExploreScope scope)
    {
        const byte Contents = 7;
        var model = new ModelSpace(scope);
        MemoryAccessor accessor = model.AddAccessor();
        model.TouchNeighbour(model.Reader);
        VmFile file = model.MapFile(ModelSpace.First, page => page.Fill(Contents));
        Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(0, out uint frame));
        model.Space.Memory.Release(frame);
        scope.Spawn(() => Assert.Equal(Contents, accessor.Read<byte>(ModelSpace.First)));
        scope.Spawn(() => PageOut.Try(model.Space.Memory, frame, PageOutMode.Urgent));
        model.AtEnd(() => Assert.Equal(Contents, model.Reader.Read<byte>(ModelSpace.First)));
    }

    private static void WriteAgainstReclaim(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        var file = new StoredWord(model.Space.Memory);
        model.Space.Map(ModelSpace.First, ModelSpace.Length, Protection.ReadWrite, MapFlags.Shared | MapFlags.Fixed, file, offset: 0);
        MemoryAccessor accessor = model.AddAccessor();
        accessor.Write(ModelSpace.First, 1L);
        uint frame = model.Space.PageTable.Walk(ModelSpace.First).Value.Frame;
        scope.Spawn(() => accessor.Write(ModelSpace.First, 2L));
        scope.Spawn(() => PageOut.Try(model.Space.Memory, frame, PageOutMode.Urgent, mayWrite: true));
        model.AtEnd(() =>
        {
            Assert.Equal(2L, model.Reader.Read<long>(ModelSpace.First));
            file.Flush();
            Assert.Equal(2L, file.Stored);
            file.Dispose();
        });
    }

    private static void ReadAgainstUnmapAndCut(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        var file = new MemoryFile(model.Space.Memory, length: ModelSpace.Length);
        model.Space.Map(ModelSpace.First, ModelSpace.Length, Protection.ReadWrite, MapFlags.Shared | MapFlags.Fixed, file, offset: 0);
        MemoryAccessor accessor = model.AddAccessor();
        model.TouchNeighbour(model.Reader);
        file.Write(0, [7]);
        scope.Spawn(() => ModelSpace.TryTo(() => accessor.Read<byte>(ModelSpace.First), FaultSignal.BusError));
        scope.Spawn(model.Unmap);
        scope.Spawn(() => file.SetLength(0));
        model.AtEnd(file.Dispose);
    }

    private static void WriteAgainstMoveAndCut(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        var file = new MemoryFile(model.Space.Memory, length: ModelSpace.Length);
        model.Space.Map(ModelSpace.First, ModelSpace.Length, Protection.ReadWrite, MapFlags.Shared | MapFlags.Fixed, file, offset: 0);
        MemoryAccessor accessor = model.AddAccessor();

        // Nothing else in the table: the truncation would look at it, and shoot the old address down on the way.
        accessor.Write(ModelSpace.First, 7L);
        scope.Spawn(() => model.MoveTo(ModelSpace.Target));
        scope.Spawn(() =>
        {
            file.SetLength(0);

            // A poisoned frame tells.
            ModelSpace.TryTo(() => accessor.Write(ModelSpace.First, 8L), FaultSignal.BusError);
        });
        model.AtEnd(file.Dispose);
    }

    private static void AccessAgainstCut(ExploreScope scope, bool write)
    {
        var model = new ModelSpace(scope);
        var file = new MemoryFile(model.Space.Memory, length: ModelSpace.Length);
        model.Space.Map(ModelSpace.First, ModelSpace.Length, Protection.ReadWrite, MapFlags.Shared | MapFlags.Fixed, file, offset: 0);
        MemoryAccessor accessor = model.AddAccessor();
        model.TouchNeighbour(model.Reader);
        file.Write(0, [7]);
        scope.Spawn(() => TryTo(() =>
        {
            if (write) accessor.Write(ModelSpace.First, 8);
            else Assert.Equal(7, accessor.Read<byte>(ModelSpace.First));
        }));
        scope.Spawn(() => file.SetLength(0));
        model.AtEnd(() =>
        {
            PageWalk walk = model.Space.PageTable.Walk(ModelSpace.First);
            Assert.True(walk.IsComplete && walk.Value.IsNone, "a page beyond the end is mapped");
            file.Dispose();
        });
    }

    private static void WriteAgainstWriteBack(ExploreScope scope)
    {
        var model = new ModelSpace(scope);
        var file = new StoredWord(model.Space.Memory);
        model.Space.Map(ModelSpace.First, ModelSpace.Length, Protection.ReadWrite, MapFlags.Shared | MapFlags.Fixed, file, offset: 0);
        MemoryAccessor accessor = model.AddAccessor();
        accessor.Write(ModelSpace.First, 1L);
        file.Flush();
        model.Reader.Write(ModelSpace.First + sizeof(long), 1L);
        scope.Spawn(() => accessor.Write(ModelSpace.First, 2L));
        scope.Spawn(file.Flush);
        model.AtEnd(() =>
        {
            file.Flush();
            Assert.Equal(2L, file.Stored);
            file.Dispose();
        });
    }

    private static void TryTo(Action access)
    {
        try
        {
            access();
        }
        catch (MemoryFaultException fault)
        {
            Assert.Equal(FaultSignal.BusError, fault.Signal);
        }
    }

    /// <summary>A file of which one word is looked at.</summary>
    private sealed class StoredWord(PhysicalMemory memory) : VmFile(memory, "/word", new FileIdentity(0, 0, 1), ModelSpace.Length)
    {
        // Written with the page locked.
        public long Stored { get; private set; }

        public override bool SupportsSpeculation => true;

        protected internal override bool WritesBack => true;

        protected override void ReadPage(ulong pageIndex, Span<byte> destination)
        {
            destination.Clear();
            BitConverter.TryWriteBytes(destination, Stored);
        }

        protected internal override void WritePages(ulong firstPage, ReadOnlySpan<byte> source) => Stored = BitConverter.ToInt64(source);
    }
}
