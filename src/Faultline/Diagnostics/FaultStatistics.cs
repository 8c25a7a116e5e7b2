using Faultline.Faults;

namespace Faultline.Diagnostics;

/// <summary>What happened to the faults of an address space, summed over its accessors. A snapshot; while faults go on it may be a few events behind.</summary>
public sealed class FaultStatistics
{
    private readonly FaultCounters _counters;

    internal FaultStatistics(FaultCounters counters) => _counters = counters;

    /// <summary>How often an event happened.</summary>
    public long this[FaultEvent what] => _counters[what];

    /// <summary>How often speculation restarted or gave up for a reason.</summary>
    public long this[SpeculationAbort reason] => _counters[reason];

    /// <summary>Faults that were resolved: those that ended in a signal are not among them.</summary>
    public long Resolved => this[FaultEvent.Speculative] + this[FaultEvent.Classic];

    /// <summary>Part of the resolved faults, from 0 to 1, that took no address-space lock; NaN if there were none.</summary>
    public double SpeculativeShare => (double)this[FaultEvent.Speculative] / Resolved;

    /// <summary>
    /// Time that speculative attempts spent in vain, before they started again or gave up: an estimate, the mean time of the failures that were timed by the number of all. Timed is every
    /// 64th attempt of each accessor, but not its first failure. Null if attempts failed and none of them was timed.
    /// </summary>
    public long? FailedNanoseconds => Failed.Nanoseconds;

    internal FailedAttempts Failed => _counters.Failed;
}
