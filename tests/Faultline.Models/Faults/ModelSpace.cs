using Faultline.Checker;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Models.Faults;

/// <summary>A small address space for one schedule: three pages to unmap, a gap, and a neighbour that stays.</summary>
/// <remarks>
/// <code>
///   |  first | second |  third |   gap  |  neighbour |
///   +--------+--------+--------+        +------------+
/// </code>
/// </remarks>
internal sealed class ModelSpace
{
    public const ulong First = 0x40_0000_0000;
    public const ulong Second = First + Page.Size;
    public const ulong Third = Second + Page.Size;
    public const ulong End = Third + Page.Size;

    private const ulong NeighbourStart = End + Page.Size;
    private const ulong NeighbourEnd = NeighbourStart + Page.Size;
    private const long NeighbourContents = 99;

    // Few enough that a model ends by taking each of them once, and more than magazines take in one batch.
    private const int Frames = 100;

    private readonly PhysicalMemory _memory = new(new PhysicalMemoryOptions { CapacityInFrames = Frames, PoisonFreedFrames = true });
    private readonly List<MemoryAccessor> _accessors = [];

    public ModelSpace(ExploreScope scope)
    {
        Space = new AddressSpace(_memory, new AddressSpaceOptions());
        Map(First, End);
        Map(NeighbourStart, NeighbourEnd);
        scope.AtEnd(AssertNothingIsLeft);
        scope.Cleanup(_memory.Dispose);
    }

    public AddressSpace Space { get; }

    /// <summary>An accessor for one more thread; the models end with a look through each.</summary>
    public MemoryAccessor AddAccessor()
    {
        MemoryAccessor accessor = Space.CreateAccessor();
        _accessors.Add(accessor);
        return accessor;
    }

    /// <summary>Faults the neighbour in: the table that it shares with the three pages then stays.</summary>
    public void TouchNeighbour(MemoryAccessor accessor) => accessor.Write(NeighbourStart, NeighbourContents);

    /// <summary>Unmaps the three pages.</summary>
    public void Unmap() => Space.Unmap(First, End - First);

    private void Map(ulong start, ulong end) =>
        Space.Map(start, end - start, Protection.ReadWrite, MapFlags.Private | MapFlags.Anonymous | MapFlags.FixedNoReplace);

    private void AssertNothingIsLeft()
    {
        for (ulong address = First; address < End; address += Page.Size)
        {
            PageWalk walk = Space.PageTable.Walk(address);
            Assert.True(!walk.IsComplete || walk.Value.IsNone, $"a page is mapped in the hole, at {address:x}");
            foreach (MemoryAccessor accessor in _accessors)
                Assert.Throws<MemoryFaultException>(() => accessor.Read<long>(address));
        }

        foreach (MemoryAccessor accessor in _accessors)
            Assert.Contains(accessor.Read<long>(NeighbourStart), new[] { 0, NeighbourContents });

        foreach (MemoryAccessor accessor in _accessors) accessor.Dispose();
        Space.Dispose();
        Assert.Equal(_memory.CapacityInFrames, _memory.FreeFrames);

        // Handing a frame out checks that nobody wrote to it since it was freed.
        var all = new uint[Frames];
        Assert.Equal(Frames, _memory.Frames.TryAllocate(all));
        _memory.Frames.Free(all);
    }
}
