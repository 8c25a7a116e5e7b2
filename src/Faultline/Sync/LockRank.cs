namespace Faultline.Sync;

/// <summary>
/// Which lock it is, outermost first: a thread that holds one waits only for those further down. docs/locking.md says which are held together; the tests compare
/// (<see cref="LockOrder"/>).
/// </summary>
internal enum LockRank : byte
{
    /// <summary>A gate without a rank: give it one.</summary>
    Unranked,

    /// <summary>The meter's list of spaces.</summary>
    Meter,

    /// <summary>The reclaim thread at work.</summary>
    Reclaim,

    /// <summary><c>MmapLock</c>; parent space before child.</summary>
    Mmap,

    /// <summary>A file's length and writes (Linux <c>i_rwsem</c>).</summary>
    FileSize,

    /// <summary>A page of a file, held over I/O; ascending in the file.</summary>
    Page,

    /// <summary>The areas that map a file (Linux <c>i_mmap_rwsem</c>).</summary>
    FileMappings,

    /// <summary>A reverse map of private pages.</summary>
    AnonVma,

    /// <summary>Inner nodes of an area tree.</summary>
    AreaTree,

    /// <summary>A leaf of an area tree; several only by the holder of the tree's gate.</summary>
    AreaLeaf,

    /// <summary>A part of Linux's <c>page_table_lock</c>: the tables of some spans.</summary>
    PageTable,

    /// <summary>Entries of a table of the two highest levels; the root first.</summary>
    UpperTable,

    /// <summary>Entries of a lowest table; of two the lower frame first, in a fork the parent's.</summary>
    Pte,

    /// <summary>A file's cached pages.</summary>
    PageCache,

    /// <summary>Those who sleep for a page lock.</summary>
    PageWaiters,

    /// <summary>The swap cache.</summary>
    SwapCache,

    /// <summary>Slots of a swap device.</summary>
    SwapSlots,

    /// <summary>Who holds frames ready.</summary>
    FrameHolders,

    /// <summary>Detached page tables.</summary>
    TableGraveyard,

    /// <summary>A magazine's claim.</summary>
    Magazine,

    /// <summary>Free frames.</summary>
    FramePool,

    /// <summary>Numbers of owners.</summary>
    Owners,

    /// <summary>A space's accessors.</summary>
    Accessors,

    /// <summary>Inside of a lock that sleeps: its queue.</summary>
    LockQueue,

    /// <summary>Walker sections: entered without waiting, waited for with locks held.</summary>
    Section,
}
