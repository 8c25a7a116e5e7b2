using Faultline.Diagnostics;
using Faultline.Locking;

namespace Faultline;

public sealed partial class AddressSpace
{
    /// <summary>What happened to this space's faults so far.</summary>
    public FaultStatistics FaultStatistics => new(Accessors.Sum());

    /// <summary>Who waited for this space's locks, how long, and behind whom: the <c>mmap_lock</c>, and the ranges if there are some.</summary>
    public LockStatistics LockStatistics
    {
        get
        {
            LockStatistics statistics = MmapLock.Statistics();
            if (_ranges is not null) statistics.Add(_ranges.Statistics());
            (statistics.RefinedProtects, statistics.WidenedProtects) = ((long)_refined.Word.LoadRelaxed(), (long)_widened.Word.LoadRelaxed());
            return statistics;
        }
    }
}
