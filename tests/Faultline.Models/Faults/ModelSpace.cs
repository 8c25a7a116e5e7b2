using Faultline.Areas;
using Faultline.Checker;
using Faultline.Files;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Swap;

namespace Faultline.Models.Faults;

/// <summary>A small address space for one schedule: three pages to unmap, a gap, a neighbour that stays, and far above room for others.</summary>
/// <remarks>
/// <code>
///   |  first | second |  third |   gap  |  neighbour |   ...   target
///   +--------+--------+--------+        +------------+
/// </code>
/// </remarks>
internal sealed class ModelSpace
{
    public const ulong First = 0x40_0000_0000;
    public const ulong Second = First + Page.Size;
    public const ulong Third = Second + Page.Size;
    public const ulong End = Third + Page.Size;
    public const ulong Length = End - First;

    /// <summary>Free, in another table: where a model moves the pages to, or puts a stack.</summary>
    public const ulong Target = First + (1UL << 30);

    private const ulong NeighbourStart = End + Page.Size;
    private const ulong NeighbourEnd = NeighbourStart + Page.Size;
    private const long NeighbourContents = 99;

    // Few enough that a model ends by taking each of them once, and more than magazines take in one batch.
    private const int Frames = 100;

    private readonly PhysicalMemory _memory;
    private readonly List<MemoryAccessor> _accessors = [];
    private readonly List<Action> _checks = [];

    public ModelSpace(
        ExploreScope scope, FaultDesign design = FaultDesign.AreaSequence, WriterLock writerLock = WriterLock.MmapLock, ulong brkStart = 0, SwapDevice? swap = null,
        bool shortcut = false, int maximumAreas = 1000)
    {
        _memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = Frames, PoisonFreedFrames = true, SwapDevices = swap is null ? [] : [swap] });
        Space = new AddressSpace(_memory, new AddressSpaceOptions { Design = design, WriterLock = writerLock, SingleThreadShortcut = shortcut, MaximumAreas = maximumAreas });
        if (brkStart != 0) Space.Reset(brkStart);
        Map(First, End);
        Map(NeighbourStart, NeighbourEnd);
        Reader = AddAccessor();
        scope.AtEnd(AssertNothingIsLeft);
        scope.Cleanup(_memory.Dispose);
    }

    public AddressSpace Space { get; }

    /// <summary>For whoever looks at the outcome; one thread at a time.</summary>
    public MemoryAccessor Reader { get; }

    /// <summary>An accessor for one more thread; the models end with a look through each.</summary>
    public MemoryAccessor AddAccessor()
    {
        MemoryAccessor accessor = Space.CreateAccessor();
        _accessors.Add(accessor);
        return accessor;
    }

    /// <summary>Adds a check of the outcome, made before everything is unmapped.</summary>
    public void AtEnd(Action check) => _checks.Add(check);

    /// <summary>Faults the neighbour in: the table that it shares with the three pages then stays.</summary>
    public void TouchNeighbour(MemoryAccessor accessor) => accessor.Write(NeighbourStart, NeighbourContents);

    /// <summary>All areas that there may be are taken, by a room that nobody uses: who asks for one under a range is refused and asks again with the whole space held.</summary>
    public void KeepAllAreas()
    {
        var room = new UsageRoom(Space, isAlone: false, keeps: true);
        Space.Usage.Register(room);
        int left = Space.Options.MaximumAreas - (int)Space.Usage.Taken(UsageKind.Areas);
        Assert.True(room.MayAddAreas(left, left));
        room.End();
    }

    /// <summary>Unmaps the three pages.</summary>
    public void Unmap() => Space.Unmap(First, Length);

    /// <summary>Moves the three pages.</summary>
    public void MoveTo(ulong target, RemapFlags flags = RemapFlags.None) =>
        Space.Remap(First, Length, Length, RemapFlags.MayMove | RemapFlags.Fixed | flags, target);

    /// <summary>Maps three pages of a file privately. The area alone holds the file.</summary>
    public VmFile MapFile(ulong start, SpanAction read)
    {
        using var file = new ModelFile(_memory, read);
        Space.Map(start, Length, Protection.ReadWrite, MapFlags.Private | MapFlags.Fixed, file, offset: 0);
        return file;
    }

    /// <summary>Maps the target, which shares no table but the root with anything else.</summary>
    public void MapTarget() => Map(Target, Target + Length);

    public void UnmapTarget() => Space.Unmap(Target, Length);

    /// <summary>No entry of the three pages allows writing.</summary>
    public void AssertReadOnly()
    {
        for (ulong address = First; address < End; address += Page.Size)
        {
            PageWalk walk = Space.PageTable.Walk(address);
            Assert.False(walk.IsComplete && walk.Value.IsWritable, $"a page may be written at {address:x}");
        }
    }

    /// <summary>True if the access was possible; the page may be gone, or no longer for writing.</summary>
    public static bool TryTo(Action access, FaultSignal? also = null)
    {
        try
        {
            access();
            return true;
        }
        catch (MemoryFaultException fault)
        {
            Assert.Contains(fault.Signal, new[] { FaultSignal.NotMapped, FaultSignal.NotPermitted, also ?? FaultSignal.NotMapped });
            return false;
        }
    }

    private void Map(ulong start, ulong end) =>
        Space.Map(start, end - start, Protection.ReadWrite, MapFlags.Private | MapFlags.Anonymous | MapFlags.FixedNoReplace);

    /// <summary>Fills a page.</summary>
    public delegate void SpanAction(Span<byte> page);

    private sealed class ModelFile(PhysicalMemory memory, SpanAction read) : VmFile(memory, "file", new FileIdentity(0, 0, 1), ModelSpace.Length)
    {
        public override bool SupportsSpeculation => true;

        protected override void ReadPage(ulong pageIndex, Span<byte> destination) => read(destination);
    }

    private void AssertNothingIsLeft()
    {
        foreach (Action check in _checks) check();

        // Where a call of the model has left a hole this looks at no page.
        Unmap();
        Space.Unmap(Target - Length, 2 * Length);
        AssertHole(First);
        AssertHole(Target);

        foreach (MemoryAccessor accessor in _accessors)
            Assert.Contains(accessor.Read<long>(NeighbourStart), new[] { 0, NeighbourContents });

        foreach (MemoryAccessor accessor in _accessors) accessor.Dispose();
        Space.Dispose();
        Assert.Equal(_memory.CapacityInFrames, _memory.FreeFrames);
        Assert.Equal(_memory.ReclaimStatistics.SwapSlots, _memory.ReclaimStatistics.FreeSwapSlots);

        // Handing a frame out checks that nobody wrote to it since it was freed.
        var all = new uint[Frames];
        Assert.Equal(Frames, _memory.Frames.TryAllocate(all));
        _memory.Frames.Free(all);
    }

    private void AssertHole(ulong start)
    {
        for (ulong address = start; address < start + Length; address += Page.Size)
        {
            PageWalk walk = Space.PageTable.Walk(address);
            Assert.True(!walk.IsComplete || walk.Value.IsNone, $"a page is mapped in the hole, at {address:x}");
            foreach (MemoryAccessor accessor in _accessors)
                Assert.Throws<MemoryFaultException>(() => accessor.Read<long>(address));
        }
    }
}
