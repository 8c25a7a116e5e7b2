using Faultline.Paging;
using Faultline.Physical;
using Faultline.Swap;
using Faultline.Tests.Paging;

namespace Faultline.Tests;

/// <summary>
/// An address space under one design, in memory of its own, seen through pages from <see cref="Base"/> on. Its end checks that all frames came home,
/// poison unbroken.
/// </summary>
internal sealed class Guest : IDisposable
{
    /// <summary>Address of page 0. A multiple of 1 GiB, so that page numbers tell which tables a page needs.</summary>
    public const ulong Base = 0x1000_0000_0000;

    public const MapFlags Private = MapFlags.Private | MapFlags.Fixed;
    public const MapFlags Shared = MapFlags.Shared | MapFlags.Fixed;

    private readonly List<MemoryAccessor> _accessors = [];
    private readonly List<AddressSpace> _children = [];

    public Guest(
        FaultDesign design = FaultDesign.AreaSequence, long frames = 4096, bool shortcut = false, bool downgrade = true, bool privileged = false,
        bool specialBit = true, long? limit = null, WriterLock? writerLock = null, SwapDevice? swap = null, SwapDevice[]? swaps = null, bool dropLock = true,
        int maximumAreas = 65530, bool zeroPage = true)
    {
        Memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = frames, PoisonFreedFrames = true, SwapDevices = swaps ?? (swap is null ? [] : [swap]) });
        if (limit is { } frameLimit) Group = new MemoryGroup(Memory, frameLimit);
        Space = new AddressSpace(Memory, new AddressSpaceOptions
        {
            Design = design,
            WriterLock = writerLock ?? WriterLocks.Draw(design),
            SingleThreadShortcut = shortcut,
            DowngradeOnUnmap = downgrade,
            DropLockToWait = dropLock,
            MaximumAreas = maximumAreas,
            Privileged = privileged,
            HasSpecialBit = specialBit,
            HasZeroPage = zeroPage,
            MemoryGroup = Group,
            CommitLimit = ulong.MaxValue,
        });
        Cpu = NewCpu();
    }

    public PhysicalMemory Memory { get; }

    public AddressSpace Space { get; }

    /// <summary>The space's memory group, if it has a limit.</summary>
    public MemoryGroup? Group { get; }

    /// <summary>The test thread's accessor.</summary>
    public MemoryAccessor Cpu { get; }

    /// <summary>Frames in use: pages, tables and the root, whose frame is one.</summary>
    public long FramesInUse => Memory.CapacityInFrames - Memory.FreeFrames;

    public static ulong At(int page) => Base + ((ulong)page << Page.Shift);

    /// <summary>An accessor, of the guest's space or a child's, that is disposed of with the guest.</summary>
    public MemoryAccessor NewCpu(AddressSpace? space = null)
    {
        MemoryAccessor accessor = (space ?? Space).CreateAccessor();
        _accessors.Add(accessor);
        return accessor;
    }

    /// <summary>A forked child that is disposed of with the guest.</summary>
    public AddressSpace Fork()
    {
        AddressSpace child = Space.Fork();
        _children.Add(child);
        return child;
    }

    public void Map(int page, int pages, Protection protection = Protection.ReadWrite, MapFlags flags = Private) =>
        Assert.Equal(At(page), Space.Map(At(page), (ulong)pages << Page.Shift, protection, flags));

    public void Unmap(int page, int pages) => Space.Unmap(At(page), (ulong)pages << Page.Shift);

    public void Protect(int page, int pages, Protection protection) => Space.Protect(At(page), (ulong)pages << Page.Shift, protection);

    public void Advise(int page, int pages, Advice advice) => Space.Advise(At(page), (ulong)pages << Page.Shift, advice);

    /// <summary>Writes a word to each page, so that each has a frame of its own.</summary>
    public void Touch(int page, int pages)
    {
        for (int i = page; i < page + pages; i++) Cpu.Write(At(i), WordOf(i));
    }

    /// <summary>What <see cref="Touch"/> writes.</summary>
    public static ulong WordOf(int page) => 0xabcd_0000_0000UL | (uint)page;

    /// <summary>The page's entry, as a processor would find it in the arena.</summary>
    public Pte EntryOf(int page, AddressSpace? space = null) =>
        HardwareWalker.Walk(Memory, (space ?? Space).PageTable.Root, At(page)).Entry;

    public uint FrameOf(int page, AddressSpace? space = null) => EntryOf(page, space).Frame;

    /// <summary>Lets every page leave that may; how many did.</summary>
    public int ReclaimAll()
    {
        int all = 0;
        while (Memory.Reclaimer.Free(int.MaxValue) is var freed and not 0) all += freed;
        return all;
    }

    /// <summary>What happened since the last call, or since the beginning.</summary>
    public long this[Faultline.Diagnostics.FaultEvent what] => Space.FaultStatistics[what];

    public long this[Faultline.Faults.SpeculationAbort reason] => Space.FaultStatistics[reason];

    public static FaultSignal SignalOf(Action access) => Assert.Throws<MemoryFaultException>(access).Signal;

    public void Dispose()
    {
        foreach (MemoryAccessor accessor in _accessors) accessor.Dispose();
        foreach (AddressSpace child in _children) child.Dispose();
        Space.Dispose();

        // The reclaim thread may be about to free a page that nobody wants any more.
        Memory.Reclaimer.Stop();
        Frames.AssertAllHome(Memory);
        Assert.Equal(0, Group?.UsedFrames ?? 0);
        Group?.Dispose();
        Assert.Equal(Memory.ReclaimStatistics.SwapSlots, Memory.ReclaimStatistics.FreeSwapSlots);
        CheckPoison();
        Memory.Dispose();
    }

    /// <summary>Takes every frame once: the poison tells who wrote to a free one.</summary>
    private void CheckPoison()
    {
        uint[] all = new uint[Memory.CapacityInFrames - Memory.PoisonedFrames];
        int taken = 0;
        while (taken < all.Length && Memory.Frames.TryAllocate(all.AsSpan(taken)) is var count and > 0) taken += count;
        Memory.Frames.Free(all.AsSpan(0, taken));
        Assert.Equal(all.Length, taken);
    }
}
