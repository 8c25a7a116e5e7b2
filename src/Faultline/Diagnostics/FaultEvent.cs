namespace Faultline.Diagnostics;

/// <summary>What an address space counts about its faults; see <see cref="FaultStatistics"/>.</summary>
public enum FaultEvent
{
    /// <summary>The TLB lacked a translation that the page table had: no fault.</summary>
    Refill,

    /// <summary>Speculative attempts that ended, restarts not included.</summary>
    Attempt,

    /// <summary>Times that a speculative attempt started again from <em>find</em>.</summary>
    Restart,

    /// <summary>Speculative attempts handed to the classic path.</summary>
    Fallback,

    /// <summary>Faults resolved without the address-space lock.</summary>
    Speculative,

    /// <summary>Faults resolved under the address-space lock.</summary>
    Classic,

    /// <summary>Faults that ended in a signal.</summary>
    Signal,

    /// <summary>Faults that mapped the zero frame.</summary>
    ZeroPage,

    /// <summary>Faults that mapped a fresh anonymous page.</summary>
    NewPage,

    /// <summary>Write faults that copied a page.</summary>
    Copy,

    /// <summary>Write faults that made a page writable without a copy.</summary>
    Reuse,

    /// <summary>Faults that mapped a page of a file.</summary>
    FilePage,

    /// <summary>Faults that mapped a raw frame of a device.</summary>
    RawFrame,

    /// <summary>Faults that mapped a page from a swap device.</summary>
    SwapIn,

    /// <summary>Faults that found the entry in order: another thread had been faster.</summary>
    Spurious,

    /// <summary>Waits outside a section for a busy table lock.</summary>
    TableLockWait,

    /// <summary>Speculative faults that found an area without a reverse map and prepared one (v12 gave up: <c>spf_vma_noanon</c>).</summary>
    AnonVmaPrepared,

    /// <summary>Classic faults that gave the lock up to wait for a file, and began anew (Linux <c>VM_FAULT_RETRY</c>).</summary>
    Retry,

    /// <summary>Times that a <see cref="UserFaultHandler"/> was asked.</summary>
    UserFault,

    /// <summary>Stacks grown.</summary>
    StackGrowth,
}
