namespace Faultline.Faults;

/// <summary>What one pass through the pipeline came to.</summary>
internal enum FaultStep
{
    /// <summary>The step is done; the next follows.</summary>
    Continue,

    /// <summary>The entry is installed and the accessor's TLB filled.</summary>
    Resolved,

    /// <summary>Something changed meanwhile: again from <em>find</em>.</summary>
    Restart,

    /// <summary>This path cannot resolve the fault, for <see cref="FaultContext.Reason"/>.</summary>
    Abort,

    /// <summary>A page table is missing.</summary>
    NeedTables,

    /// <summary>The magazine is empty.</summary>
    NeedFrame,

    /// <summary>The area has no AnonVma yet.</summary>
    NeedAnonVma,

    /// <summary>The page of the file is not at hand.</summary>
    NeedFilePage,

    /// <summary>The page is on a swap device.</summary>
    NeedSwappedPage,

    /// <summary>The entry is not empty and has no page: see <see cref="Paging.AbsentKind"/>.</summary>
    PageAbsent,

    /// <summary>The file must be told that the page becomes writable.</summary>
    NeedWriteNotice,

    /// <summary>The area's handler must serve the fault: the page is missing, or write-protected for it.</summary>
    NeedUser,

    /// <summary>Another thread holds the table's lock.</summary>
    LockBusy,
}
