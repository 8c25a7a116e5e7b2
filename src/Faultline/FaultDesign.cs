namespace Faultline;

/// <summary>How an address space serves page faults.</summary>
public enum FaultDesign
{
    /// <summary>Under <c>mmap_lock</c>, held for read (Linux from 2.6.37 on).</summary>
    Classic,

    /// <summary>
    /// Speculatively: without <c>mmap_lock</c>, validated by the area's own sequence under the page-table lock, falling back to
    /// <see cref="Classic"/> (Laurent Dufour's v12 series of 2019, without its reference count).
    /// </summary>
    AreaSequence,

    /// <summary>
    /// Speculatively, validated by one sequence of the whole space: any call that begins or ends meanwhile sends the fault to the start (Michel Lespinasse's
    /// series of 2021 and 2022).
    /// </summary>
    SpaceSequence,

    /// <summary>
    /// Under a reader lock of the area alone, for which a call that changes the area waits (Linux's per-VMA locks since 6.4). Nothing is validated, and two shared-line
    /// writes are paid for each fault.
    /// </summary>
    AreaLock,
}
