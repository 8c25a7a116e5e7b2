using Faultline.Checker;
using Faultline.Files;
using Faultline.Reclaim;
using Faultline.Swap;
using Faultline.Sync;

namespace Faultline.Models.Faults;

/// <summary>Faults on pages that leave for a swap device, or come back from it, at this moment.</summary>
public class SwapFaultModels
{
    private const int Schedules = 400;
    private const int SchedulesToFind = 10_000;

    [Fact]
    public void WhenAPageIsWrittenAndReadWhileItLeavesThenTheWriteIsNotLost() =>
        Checks.AssertPasses(MemoryModel.Tso, AccessesAgainstSwapOut, Schedules);

    /// <summary>
    /// <code>
    ///   writer                                 reclaim                                reader
    ///   section; translation: hit
    ///                                          entry: slot; "faults may copy it"
    ///                                                                                 copies the page, maps the copy
    ///   writes to the old frame: lost
    ///                                          shoot down
    /// </code>
    /// </summary>
    [Fact]
    public void WhenAPageIsCopiedBeforeItIsShotDownThenAWriteIsLost() =>
        Checks.WithMutant(Mutant.CopyBeforeShootdown, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, AccessesAgainstSwapOut));

    [Fact]
    public void WhenAPageComesBackAndLeavesAgainWhileAFaultReadsItThenTheFaultDoesNotMapTheOldPage() =>
        Checks.AssertPasses(MemoryModel.Tso, SwapInAgainstSwapInAndOut, Schedules);

    /// <summary>The slot 7 race of docs/reclaim.md.</summary>
    [Fact]
    public void WhenASlotIsReadWithoutAHoldThenItComesBackToTheSameEntryAndAWriteIsLost() =>
        Checks.WithMutant(Mutant.ReadSlotWithoutHold, () => Checks.AssertFound(MemoryModel.Tso, SchedulesToFind, SwapInAgainstSwapInAndOut));

    [Fact]
    public void WhenAPageOfAMemoryFileIsWrittenWhileItLeavesThenTheWriteIsNotLost() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteAgainstSwapOutOfFile, Schedules);

    [Fact]
    public void WhenAPageOfAMemoryFileIsWrittenFromOutsideWhileItLeavesThenTheWriteIsNotLost() =>
        Checks.AssertPasses(MemoryModel.Tso, WriteFromOutsideAgainstSwapOutOfFile, Schedules);

    /// <summary>
    /// <code>
    ///   write from outside                     reclaim
    ///   table lock: pins the page
    ///                                          table lock: takes the entry away
    ///                                          writes the page to the device
    ///   writes to the page, marks it dirty
    ///   lets it go
    ///                                          two references: out of the cache, and the write with it
    /// </code>
    /// </summary>
    [Fact]
    public void WhenAPageOfAMemoryFileIsWrittenToTheDeviceWhileSomebodyHoldsItThenAWriteIsLost() =>
        Checks.WithMutant(Mutant.SwapHeldPages, () =>
        {
            // Three switches at the right places: one of some 8,000 random schedules has them, and no other strategy's 10,000.
            const int SchedulesForThreeSwitches = 60_000;
            ExploreResult result = Checks.Explore(MemoryModel.Tso, Strategy.Random(seed: 5), WriteFromOutsideAgainstSwapOutOfFile, SchedulesForThreeSwitches);
            Assert.Equal(Verdict.Violation, result.Verdict);
        });

    [Fact]
    public void WhenAMemoryFileIsCutWhileItsPageComesBackThenItsSlotComesHome() =>
        Checks.AssertPasses(MemoryModel.Tso, SwapInOfFileAgainstCut, Schedules);

    private static void AccessesAgainstSwapOut(ExploreScope scope)
    {
        var model = new ModelSpace(scope, swap: new ArrayDevice());
        MemoryAccessor writer = model.AddAccessor();
        model.TouchNeighbour(model.Reader);
        writer.Write(ModelSpace.First, 1L);
        uint frame = FrameOf(model);
        scope.Spawn(() => writer.Write(ModelSpace.First, 2L));
        scope.Spawn(() => PageOut.Try(model.Space.Memory, frame, PageOutMode.Urgent));
        scope.Spawn(() => Assert.Contains(model.Reader.Read<long>(ModelSpace.First), new[] { 1L, 2L }));
        model.AtEnd(() => Assert.Equal(2L, model.Reader.Read<long>(ModelSpace.First)));
    }

    private static void SwapInAgainstSwapInAndOut(ExploreScope scope)
    {
        var model = new ModelSpace(scope, swap: new ArrayDevice());
        MemoryAccessor reader = model.AddAccessor(), writer = model.AddAccessor();
        model.TouchNeighbour(model.Reader);
        writer.Write(ModelSpace.First, 1L);
        Assert.Equal(PageOutResult.Swapped, PageOut.Try(model.Space.Memory, FrameOf(model), PageOutMode.Urgent));
        scope.Spawn(() => Assert.Contains(reader.Read<long>(ModelSpace.First), new[] { 1L, 2L }));
        scope.Spawn(() =>
        {
            writer.Write(ModelSpace.First, 2L);
            PageOut.Try(model.Space.Memory, FrameOf(model), PageOutMode.Urgent);
        });
        model.AtEnd(() => Assert.Equal(2L, model.Reader.Read<long>(ModelSpace.First)));
    }

    private static void WriteAgainstSwapOutOfFile(ExploreScope scope)
    {
        var model = new ModelSpace(scope, swap: new ArrayDevice());
        MemoryFile file = MapMemoryFile(model);
        MemoryAccessor writer = model.AddAccessor();
        writer.Write(ModelSpace.First, 1L);
        uint frame = FrameOf(model);
        scope.Spawn(() => writer.Write(ModelSpace.First, 2L));
        scope.Spawn(() => PageOut.Try(model.Space.Memory, frame, PageOutMode.Urgent));
        model.AtEnd(() =>
        {
            Assert.Equal(2L, model.Reader.Read<long>(ModelSpace.First));
            file.Dispose();
        });
    }

    private static void WriteFromOutsideAgainstSwapOutOfFile(ExploreScope scope)
    {
        var model = new ModelSpace(scope, swap: new ArrayDevice());
        MemoryFile file = MapMemoryFile(model);
        model.TouchNeighbour(model.Reader);
        model.Reader.Write(ModelSpace.First, 1L);
        uint frame = FrameOf(model);
        scope.Spawn(() => Assert.Equal(Errno.None, model.Space.TryWriteMemory(ModelSpace.First, BitConverter.GetBytes(2L), out _)));
        scope.Spawn(() => PageOut.Try(model.Space.Memory, frame, PageOutMode.Urgent));
        model.AtEnd(() =>
        {
            Assert.Equal(2L, model.Reader.Read<long>(ModelSpace.First));
            file.Dispose();
        });
    }

    private static void SwapInOfFileAgainstCut(ExploreScope scope)
    {
        var model = new ModelSpace(scope, swap: new ArrayDevice());
        MemoryFile file = MapMemoryFile(model);
        MemoryAccessor reader = model.AddAccessor();
        reader.Write(ModelSpace.First, 1L);
        Assert.Equal(PageOutResult.Swapped, PageOut.Try(model.Space.Memory, FrameOf(model), PageOutMode.Urgent));
        scope.Spawn(() => ModelSpace.TryTo(() => Assert.Equal(1L, reader.Read<long>(ModelSpace.First)), FaultSignal.BusError));
        scope.Spawn(() => file.SetLength(0));
        model.AtEnd(() =>
        {
            Assert.False(ModelSpace.TryTo(() => reader.Read<long>(ModelSpace.First), FaultSignal.BusError), "A page beyond the end can be read.");
            file.Dispose();
        });
    }

    private static MemoryFile MapMemoryFile(ModelSpace model)
    {
        var file = new MemoryFile(model.Space.Memory, length: ModelSpace.Length);
        model.Space.Map(ModelSpace.First, ModelSpace.Length, Protection.ReadWrite, MapFlags.Shared | MapFlags.Fixed, file, offset: 0);
        return file;
    }

    private static uint FrameOf(ModelSpace model) => model.Space.PageTable.Walk(ModelSpace.First).Value.Frame;

    /// <summary>Keeps what lay in a slot also after it was given up, as a disk does.</summary>
    private sealed class ArrayDevice() : SwapDevice("array", Slots)
    {
        private const int Slots = 8;

        private readonly byte[] _pages = new byte[Slots * PageSize];

        protected internal override bool TryWrite(int slot, ReadOnlySpan<byte> page)
        {
            page.CopyTo(_pages.AsSpan(slot * PageSize));
            return true;
        }

        protected internal override void Read(int slot, Span<byte> page) => _pages.AsSpan(slot * PageSize, PageSize).CopyTo(page);
    }
}
