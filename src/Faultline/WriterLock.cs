namespace Faultline;

/// <summary>What excludes calls of one <see cref="AddressSpace"/> from each other.</summary>
public enum WriterLock
{
    /// <summary>One reader/writer lock for the whole space (Linux <c>mmap_lock</c>): calls that change areas come one after the other.</summary>
    MmapLock,

    /// <summary>
    /// Calls lock the range that they may change, neighbours that could merge included, and run beside each other where their ranges
    /// differ; classic faults and calls that only look lock what they look at, shared. Fork, <c>mlockall</c> and the end of the space exclude everybody. Not with
    /// <see cref="FaultDesign.AreaLock"/>.
    /// </summary>
    RangeLock,
}
