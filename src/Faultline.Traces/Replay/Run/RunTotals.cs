using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Locking;
using Faultline.Sync;

namespace Faultline.Traces.Replay;

/// <summary>Counters of all spaces of a run, added up as each space ends.</summary>
internal sealed class RunTotals
{
    // All guarded by _gate.
    private readonly Dictionary<FaultEvent, long> _events = [];
    private readonly SortedDictionary<SpeculationAbort, long> _aborts = [];
    private readonly Dictionary<(LockUser Waiter, LockUser Holder), long> _blame = [];
    private long _waits, _waited;
    private SpinGate _gate;

    private static readonly FaultEvent[] s_events =
        [FaultEvent.Attempt, FaultEvent.Restart, FaultEvent.Fallback, FaultEvent.Speculative, FaultEvent.Classic, FaultEvent.Signal];

    public void Add(AddressSpace space)
    {
        FaultStatistics faults = space.FaultStatistics;
        LockStatistics locks = space.LockStatistics;
        _gate.Enter();
        foreach (FaultEvent what in s_events) _events[what] = _events.GetValueOrDefault(what) + faults[what];
        foreach (SpeculationAbort reason in Enum.GetValues<SpeculationAbort>())
        {
            if (faults[reason] != 0) _aborts[reason] = _aborts.GetValueOrDefault(reason) + faults[reason];
        }

        _waits += locks.TotalWaits;
        _waited += locks.TotalWaitedNanoseconds;
        if (locks.TotalWaits != 0) AddBlame(locks);
        _gate.Exit();
    }

    public FaultReport Faults()
    {
        long speculative = _events.GetValueOrDefault(FaultEvent.Speculative);
        return new FaultReport(
            speculative + _events.GetValueOrDefault(FaultEvent.Classic), speculative, _events.GetValueOrDefault(FaultEvent.Attempt),
            _events.GetValueOrDefault(FaultEvent.Restart), _events.GetValueOrDefault(FaultEvent.Fallback), _events.GetValueOrDefault(FaultEvent.Signal), _aborts);
    }

    public LockReport Lock() => new(
        _waits, _waited, [.. _blame.Select(b => new LockBlame(b.Key.Waiter, b.Key.Holder, b.Value)).OrderByDescending(b => b.Nanoseconds)]);

    private void AddBlame(LockStatistics locks)
    {
        foreach (LockUser waiter in LockStatistics.Users)
        {
            foreach (LockUser holder in LockStatistics.Users)
            {
                long blamed = locks.BlamedNanoseconds(waiter, holder);
                if (blamed != 0) _blame[(waiter, holder)] = _blame.GetValueOrDefault((waiter, holder)) + blamed;
            }
        }
    }
}
