using Faultline.Diagnostics;
using Faultline.Locking;

namespace Faultline;

public sealed partial class AddressSpace
{
    /// <summary>What happened to this space's faults so far.</summary>
    public FaultStatistics FaultStatistics => new(Accessors.Sum());

    /// <summary>Who waited for this space's <c>mmap_lock</c>, how long, and behind whom.</summary>
    public LockStatistics LockStatistics => MmapLock.Statistics();
}
