using System.Runtime.InteropServices;
using Faultline.Sync;

namespace Faultline.Physical;

/// <summary>
/// What the engine knows about one frame (Linux <c>struct page</c>): 64 bytes of native memory, one cache line.
/// </summary>
/// <remarks>
/// <code>
///        0        4        8        12       16                24       28       32       36       40
///        +--------+--------+--------+--------+-----------------+--------+--------+-----------------+
///        | State  |  Refs  |  Maps  |  Pins  |   OwnerIndex    |OwnerId |SwapEnt.|     (res.)      |
///        +--------+--------+--------+--------+-----------------+--------+--------+-----------------+
///        40       44       48                56                64
///        +--------+--------+-----------------+-----------------+
///        |  Lock  |Entries |   Generation    |   Accessors     |   page-table frames only
///        +--------+--------+-----------------+-----------------+
/// </code>
/// Native memory holds no managed reference: the owner (an <c>AnonVma</c> or a page cache) is an id in a generation-checked table.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct FrameInfo
{
    public const int SizeInBytes = 64;

    /// <summary>Kind and state bits (<see cref="FrameState"/>). Atomic read-modify-write once the frame is shared.</summary>
    [FieldOffset(0)]
    public uint StateWord;

    /// <summary>Holders: each mapping, the page cache, pins, transient users. Atomic; a frame at zero belongs to who made it zero.</summary>
    [FieldOffset(4)]
    public uint Refs;

    /// <summary>Page-table entries that map the frame. Changed under the PTE lock of the entry that comes or goes, atomically.</summary>
    [FieldOffset(8)]
    public uint Maps;

    /// <summary>
    /// Users of the contents besides mappings (<see cref="PinnedPages"/>), each with a reference of its own. Atomic; raised under the PTE lock of an entry that maps the frame.
    /// </summary>
    [FieldOffset(12)]
    public uint Pins;

    /// <summary>Page number within the owner. Written before the frame is first mapped, constant while it is.</summary>
    [FieldOffset(16)]
    public ulong OwnerIndex;

    /// <summary>
    /// Id of the owner in the owner table: a page cache, or the first AnonVma of a family; 0 means none. Written before the frame is first mapped, constant while it is.
    /// </summary>
    [FieldOffset(24)]
    public uint OwnerId;

    /// <summary>The <see cref="Swap.SwapEntry"/> under which the swap cache has the page, else 0. Under the page lock.</summary>
    [FieldOffset(28)]
    public uint SwapEntry;

    /// <summary>Table frames: the lock over the table's entries (<see cref="Paging.PteLock"/>, <see cref="Paging.UpperTableLock"/>). CAS takes it, a release store frees it.</summary>
    [FieldOffset(40)]
    public uint Lock;

    /// <summary>Table frames: entries that are not zero. Guarded by <see cref="Lock"/>; at the level above the lowest by the span's gate (<see cref="Paging.PageTable"/>).</summary>
    [FieldOffset(44)]
    public uint Entries;

    /// <summary>Table frames: counts clearings of entries. Raised under <see cref="Lock"/>, read by fills without it.</summary>
    [FieldOffset(48)]
    public ulong Generation;

    /// <summary>Table frames: accessors (by slot modulo 64) that may hold a translation through the table. Bits are set atomically, never cleared while
    /// the table is attached.</summary>
    [FieldOffset(56)]
    public ulong Accessors;

    /// <summary><see cref="StateWord"/> as flags; set only while nobody else sees the frame.</summary>
    public FrameState State
    {
        readonly get => (FrameState)StateWord;
        set => StateWord = (uint)value;
    }

    /// <summary>Sets state bits atomically.</summary>
    public void Set(FrameState bits) => Native.Or(ref StateWord, (uint)bits);

    /// <summary>Clears state bits atomically.</summary>
    public void Clear(FrameState bits) => Native.And(ref StateWord, ~(uint)bits);

    /// <summary>
    /// Somebody uses the contents besides the mappings: the page keeps its frame, and a fork copies it at once. Under the PTE lock of the only entry that maps the frame it cannot
    /// become true. Acquire: after the last user everything that it did to the contents is seen.
    /// </summary>
    public bool IsPinned => Native.LoadAcquire(ref Pins) != 0;

    /// <summary>Takes the page lock if it is free. By somebody who keeps the frame from being freed.</summary>
    public bool TryLockPage() => (Native.Or(ref StateWord, (uint)FrameState.PageLocked) & (uint)FrameState.PageLocked) == 0;

    /// <summary>Frees the page lock: a full fence, pairs with the next holder's.</summary>
    public void UnlockPage() => Native.And(ref StateWord, ~(uint)FrameState.PageLocked);

    public readonly bool Is(FrameState bits) => ((FrameState)StateWord & bits) == bits;
}

/// <summary>Kind and state of a frame.</summary>
[Flags]
internal enum FrameState : uint
{
    /// <summary>In the allocator, or on its way from or to it.</summary>
    Free = 0,

    /// <summary>Private anonymous memory.</summary>
    Anonymous = 1 << 0,

    /// <summary>A page of a file's or shared object's page cache.</summary>
    Cached = 1 << 1,

    /// <summary>A page table.</summary>
    Table = 1 << 2,

    /// <summary>Belongs to the engine itself, such as the zero frame; never freed.</summary>
    Reserved = 1 << 3,

    /// <summary>
    /// The one mapping of an anonymous frame may be written without a copy (Linux <c>PageAnonExclusive</c>). Set at birth; cleared by fork; decided
    /// under the PTE lock.
    /// </summary>
    Exclusive = 1 << 4,

    /// <summary>Contents differ from the backing store.</summary>
    Dirty = 1 << 5,

    /// <summary>The page lock is held (I/O, truncation, reclaim).</summary>
    PageLocked = 1 << 6,

    /// <summary>Contents are valid; of a file's page also: faults may map it. Set and cleared under the page lock, as soon as others know the page.</summary>
    UpToDate = 1 << 7,

    /// <summary>Somebody sleeps until the page lock is free: its holder wakes him.</summary>
    HasWaiters = 1 << 8,

    /// <summary>The page is being written to what lies behind its file: no longer dirty, but who wants it written has to wait for the page lock, under which this is set and cleared.</summary>
    Writing = 1 << 9,

    /// <summary>Reclaim found the page used when it last looked. Under the PTE lock of a mapping, or the page lock of a file's page.</summary>
    Referenced = 1 << 16,

    /// <summary>Reclaim found the page used twice in a row: it passes the page over once more. As <see cref="Referenced"/>.</summary>
    Active = 1 << 17,

    /// <summary>The swap cache has the page under <see cref="FrameInfo.SwapEntry"/>, and a reference to it. Set and cleared under the page lock.</summary>
    SwapCached = 1 << 18,

    /// <summary>A call has read or written the page of a file since reclaim looked last. Set by who holds the frame, if it is not set yet; cleared under the page lock.</summary>
    Touched = 1 << 19,
}
