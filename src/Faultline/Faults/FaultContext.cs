using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Files;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Swap;

namespace Faultline.Faults;

/// <summary>One fault on its way through the pipeline (Linux <c>struct vm_fault</c>).</summary>
internal ref struct FaultContext
{
    public FaultContext(AddressSpace space, MemoryAccessor? accessor, ulong address, AccessKind access)
    {
        Space = space;
        Accessor = accessor;
        Address = address;
        Access = access;
        Area = null!;
    }

    public readonly AddressSpace Space;

    /// <summary>Whose fault it is; null for a fault that a call makes (<c>MAP_POPULATE</c>, <c>mlock</c>).</summary>
    public readonly MemoryAccessor? Accessor;

    public readonly ulong Address;

    public readonly AccessKind Access;

    public readonly ulong PageAddress => Page.Floor(Address);

    public readonly bool IsWrite => Access == AccessKind.Write;

    /// <summary>The area, once found.</summary>
    public VmArea Area;

    /// <summary>The area's sequence when it was found.</summary>
    public ulong Sequence;

    /// <summary>Where the address is mapped; valid in the section or under the lock it was made.</summary>
    public PageWalk Walk;

    /// <summary>A frame taken for this fault and not yet mapped; 0 if none. Kept over restarts.</summary>
    public uint Frame;

    /// <summary>A referenced frame of the page cache that the fault waited for; 0 if none. Keeps the page in memory until the pass that maps it.</summary>
    public uint CachedFrame;

    /// <summary>The frame that a copy is made of, with a reference of the fault; 0 if none. For the classic path, see <see cref="SourceFrame{TDesign}"/>.</summary>
    public uint SourceFrame;

    /// <summary>The space's count of writers, under <see cref="FaultDesign.SpaceSequence"/>.</summary>
    public ulong SpaceSequence;

    /// <summary>The reader lock of <see cref="Area"/> is held, under <see cref="FaultDesign.AreaLock"/>.</summary>
    public bool HoldsArea;

    /// <summary>The swap slot that the fault holds; none if none. While it is held, an entry that names it means the page that was read.</summary>
    public SwapEntry HeldSlot;

    /// <summary>A frame with the page of <see cref="HeldSlot"/>, not yet mapped; 0 if none. Apart from <see cref="Frame"/>, which other kinds of fault overwrite.</summary>
    public uint SwappedFrame;

    /// <summary>Why the last step was <see cref="FaultStep.Restart"/> or <see cref="FaultStep.Abort"/>.</summary>
    public SpeculationAbort Reason;

    /// <summary>The table that holds the entry.</summary>
    public readonly ref FrameInfo Table => ref Space.Memory.Info(Walk.Table);

    public FaultStep Restart(SpeculationAbort reason)
    {
        Reason = reason;
        return FaultStep.Restart;
    }

    public FaultStep Abort(SpeculationAbort reason)
    {
        Reason = reason;
        return FaultStep.Abort;
    }

    /// <summary>
    /// Brings the file's page into the cache. May wait, until <paramref name="signal"/> if there is one: outside sections and spin locks. The area's read lock, or a reference of
    /// the caller, keeps the file.
    /// </summary>
    public FileResult ReadFilePage(FatalSignal? signal)
    {
        // A page that went again before it could be mapped. Not kept in mind: a file that throws would have it given back twice.
        if (CachedFrame != PhysicalMemory.NoFrame) Space.Memory.Release(CachedFrame);
        CachedFrame = PhysicalMemory.NoFrame;
        return Area.File!.Cache.GetOrRead(Area.PageIndex(Address), out CachedFrame, readAhead: !Area.Has(AreaFlags.RandomRead), signal);
    }

    /// <summary>Tells the file that the page becomes writable. As <see cref="ReadFilePage"/>.</summary>
    public readonly FileResult NotifyWrite(FatalSignal? signal) => Area.File!.Cache.NotifyWrite(Area.PageIndex(Address), signal);

    /// <summary>
    /// Reads the page that the entry of <see cref="Walk"/> has on a swap device. May wait, until <paramref name="signal"/> if there is one: outside sections and spin locks. If the
    /// entry is outdated nothing is read; the next pass finds it out.
    /// </summary>
    public FileResult ReadSwappedPage(FatalSignal? signal)
    {
        GiveSwappedPageBack();
        SwappedFrame = PhysicalMemory.NoFrame;
        HeldSlot = SwapEntry.None;
        PhysicalMemory memory = Space.Memory;
        SwapEntry slot = SwapEntry.Of(Walk.Value);
        if (!memory.Swap.TryHold(slot)) return FileResult.Ok;
        HeldSlot = slot;
#if FAULTLINE_EXPLORE
        if (Sync.Mutants.Active == Sync.Mutant.ReadSlotWithoutHold) memory.Swap.DropHolder(slot);
#endif
        uint frame = Accessor is { } accessor ? accessor.Frames.TakeOutside() : memory.Frames.TryAllocate(Space.Options.MemoryGroup);
        if (frame == PhysicalMemory.NoFrame) return FileResult.OutOfMemory;
        var result = FileResult.ReadFailed;
        try
        {
            result = signal is not null && memory.Swap.MayHang(slot) ? ReadSwappedBeside(slot, frame, signal) : ReadSwapped(slot, frame);
        }
        finally
        {
            if (result == FileResult.Ok) SwappedFrame = frame;
            else if (result != FileResult.Killed) memory.Frames.Free(frame);
        }

        if (result == FileResult.Ok) memory.Reclaimer.CountSwapIn();
        return result;
    }

    private readonly FileResult ReadSwapped(SwapEntry slot, uint frame)
    {
        try
        {
            Space.Memory.Swap.Read(slot, frame);
            return FileResult.Ok;
        }
        catch (IOException)
        {
            return FileResult.ReadFailed;
        }
    }

    /// <summary>By another thread, which has slot and frame if this fault is killed.</summary>
    private FileResult ReadSwappedBeside(SwapEntry slot, uint frame, FatalSignal signal)
    {
        var read = new SwapReadErrand(Space.Memory, slot, frame);
        if (read.TryRun("swap", signal)) return read.Result;
        HeldSlot = SwapEntry.None;
        return FileResult.Killed;
    }

    private readonly void GiveSwappedPageBack()
    {
        if (SwappedFrame != PhysicalMemory.NoFrame) Space.Memory.Frames.Free(SwappedFrame);
#if FAULTLINE_EXPLORE
        if (Sync.Mutants.Active == Sync.Mutant.ReadSlotWithoutHold) return;
#endif
        if (!HeldSlot.IsNone) Space.Memory.Swap.DropHolder(HeldSlot);
    }

    /// <summary>Returns what the fault took and did not use. Outside sections.</summary>
    public readonly void GiveBack()
    {
        if (Frame != PhysicalMemory.NoFrame) Space.Memory.Frames.Free(Frame);
        if (CachedFrame != PhysicalMemory.NoFrame) Space.Memory.Release(CachedFrame);
        GiveSwappedPageBack();
    }

    /// <summary>True if <see cref="GiveBack"/> has something to do.</summary>
    public readonly bool HasLeftovers => (Frame | CachedFrame | HeldSlot.Value) != 0;

    public readonly void Count(FaultEvent what) => Accessor?.Counters.Count(what);

    /// <summary>
    /// True if the area's rights allow the access (Linux <c>arch/x86/mm/fault.c:access_error()</c>): what may be written or executed may also be read. A fetch is a read
    /// as long as there is no page: x86 brings the page in first, and refuses then, see <see cref="MayFetch"/>.
    /// </summary>
    public readonly bool IsPermitted => IsWrite ? Area.Has(AreaFlags.Write) : Area.HasAny(AreaFlags.AccessMask);

    /// <summary>False for a fetch from a page that is there, if the area's rights do not allow it.</summary>
    public readonly bool MayFetch => Access != AccessKind.Execute || Area.Has(AreaFlags.Execute);
}
