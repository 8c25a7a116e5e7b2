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
}
