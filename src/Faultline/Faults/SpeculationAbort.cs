namespace Faultline.Faults;

/// <summary>Why a speculative attempt gave up. The first three start again from <em>find</em>; the others fall back to the classic path.</summary>
public enum SpeculationAbort
{
    /// <summary>The area was being changed, or was replaced, when it was found (v12: <c>spf_vma_changed</c>).</summary>
    AreaChanged,

    /// <summary>The area changed between the walk and the table lock (v12: <c>spf_vma_changed</c>).</summary>
    AreaChangedUnderLock,

    /// <summary>The entry or the table above it changed between the walk and the table lock (v12: <c>spf_pmd_changed</c>).</summary>
    EntryChanged,

    /// <summary>No area holds the address; the classic path decides between stack growth and SIGSEGV.</summary>
    NoArea,

    /// <summary>The area's rights forbid the access (v12: <c>spf_vma_access</c>); only the classic path delivers a signal.</summary>
    NotPermitted,

    /// <summary>The area's file does not opt in, see <see cref="Files.VmFile.SupportsSpeculation"/> (v12: <c>spf_vma_notsup</c>).</summary>
    NotSupported,

    /// <summary>The table lock stayed busy (until v10: <c>spf_pte_lock</c>).</summary>
    TableLockBusy,

    /// <summary>No frame was to be had.</summary>
    NoFrame,

    /// <summary>The page of the file is not in memory, and speculation is not to wait (<see cref="AddressSpaceOptions.WaitSpeculatively"/>).</summary>
    PageNotInMemory,

    /// <summary>The file ends before the page, could not be read, or refuses the write; only the classic path delivers a signal.</summary>
    NoFilePage,

    /// <summary>The page could not be read from its swap device; only the classic path delivers a signal.</summary>
    NoSwappedPage,

    /// <summary>The space was killed while the fault waited (<see cref="AddressSpace.Kill"/>); only the classic path delivers a signal.</summary>
    Killed,

    /// <summary>The page is on its way to another frame, or lost to a hardware error: an entry that only the classic path waits for or answers.</summary>
    PageAbsent,

    /// <summary>
    /// The area's <see cref="UserFaultHandler"/> must serve the fault (v12: <c>spf_vma_notsup</c>). v12 looked before it took the table's lock only; here a registration
    /// replaces the area, so the look under the lock finds it.
    /// </summary>
    UserFault,

    /// <summary>Speculation was switched off at run time (<see cref="AddressSpace.IsSpeculationEnabled"/>): not attempted.</summary>
    SwitchedOff,

    /// <summary>The space has one accessor and the single-thread short-cut is on (v12 patch 22).</summary>
    SingleThread,
}
