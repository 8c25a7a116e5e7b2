namespace Faultline.Sync;

/// <summary>A step that the engine leaves out or does wrongly, in this build only: a model that passes all the same proves nothing.</summary>
internal enum Mutant
{
    None,

    /// <summary>A speculative fault does not look at the area's sequence again once it holds the table lock.</summary>
    SkipSecondValidation,

    /// <summary>An accessor announces its section by a plain store, which may wait in the store buffer while the accessor already reads tags.</summary>
    AnnounceSectionByPlainStore,

    /// <summary>Fork write-protects the parent's pages with its areas even, as v12 did before its patch 18, and Linux 6.4 again.</summary>
    ForkKeepsAreasEven,

    /// <summary>New areas are even from the start: faults use them before tables and TLBs agree with them.</summary>
    PublishAreasEven,

    /// <summary>A fork returns before the parent's translations for writing are gone.</summary>
    SkipFlushInFork,

    /// <summary>A page is replaced by its copy while other accessors still read the old one.</summary>
    SkipShootdownOfCopiedPage,

    /// <summary>A fault copies a frame that nobody keeps for it.</summary>
    CopyFromFreedFrame,

    /// <summary>An unmapped page's reference is dropped before the shootdown: the other side of a fork then writes it in place.</summary>
    DropReferenceBeforeShootdown,

    /// <summary>An unmap admits readers before its areas are out of the tree.</summary>
    DowngradeBeforeRemoval,

    /// <summary>A stack grows with <c>mmap_lock</c> held for read, beside others.</summary>
    GrowStackUnderReadLock,

    /// <summary>A look-up in a page cache does not notice that pages were taken out under it.</summary>
    LookUpAcrossRemovals,

    /// <summary>A truncation unmaps pages before they leave the cache.</summary>
    UnmapBeforeCut,

    /// <summary>A write-back marks the page clean after it has made the entries read-only.</summary>
    MarkCleanAfterEntries,

    /// <summary>Reclaim leaves a page of a file up to date while it unmaps it: a fault may map it again.</summary>
    ReclaimMappablePages,

    /// <summary>Reclaim forgets a page of a file that was changed since it was written back.</summary>
    ForgetDirtyPages,

    /// <summary>Reclaim writes a page of a memory file to a swap device while somebody holds it, who may change it.</summary>
    SwapHeldPages,

    /// <summary>A fault copies a page that leaves for a swap device before the last access through an old translation is over.</summary>
    CopyBeforeShootdown,

    /// <summary>A fault reads a swap slot without keeping its number from being given to another page.</summary>
    ReadSlotWithoutHold,

    /// <summary>An area leaves its file's list with the tree, before its pages are zapped.</summary>
    UnlistBeforeZap,

    /// <summary>A move lets the tables' locks go before the old translations are gone.</summary>
    ShootDownAfterMove,

    /// <summary>A page table is freed at once, whoever stands on it.</summary>
    FreeTablesAtOnce,

    /// <summary>A fork shares pinned pages too, as Linux did before 5.9: the parent's next write copies the page away from who pinned it.</summary>
    ForkSharesPinnedPages,

    /// <summary>A writer takes the range that it looked up without looking again once it holds it.</summary>
    SkipSecondLookUnderRange,

    /// <summary>A downgraded hold of the whole space keeps readers of the space's lock out of nothing: writers under ranges are such readers.</summary>
    KeepRangesFreeAtDowngrade,

    /// <summary>A move waits for its second range while it holds the first.</summary>
    WaitWithARangeHeld,

    /// <summary>A killable sleep begins without a look whether the signal has come already.</summary>
    SleepWithoutALookAtTheSignal,

    /// <summary>A killed waiter leaves the lock's queue without waking who waits behind it.</summary>
    LeaveQueueSilently,

    /// <summary>An unmap frees a table whose span it has not locked, whoever holds the rest.</summary>
    DetachTablesBesideHolders,

    /// <summary>Who frees a table whose span it has not locked looks for holders of the rest before it looks for areas there, but not afterwards.</summary>
    LookForHoldersOnce,

    /// <summary>Two who need the same table for different spans do not exclude each other.</summary>
    SkipUpperTableLock,

    /// <summary>Who comes after a lease of a range and finds no part of it held goes on without revoking it.</summary>
    LeaveLeaseUnrevoked,

    /// <summary>A part of a lease is taken by a plain store, which may wait in the store buffer, and without a look whether the lease is over.</summary>
    TakePartByPlainStore,
}

/// <summary>Which mutant the engine is. Chosen before a schedule, never while one runs.</summary>
internal static class Mutants
{
    public static Mutant Active { get; set; }
}
