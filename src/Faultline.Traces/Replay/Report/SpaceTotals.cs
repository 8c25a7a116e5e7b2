using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Locking;
using Faultline.Sync;

namespace Faultline.Traces;

/// <summary>Diagnosis of one or many address spaces: faults, waits and holds, added up. Thread safe.</summary>
public sealed class SpaceTotals
{
    // All guarded by _gate.
    private readonly Dictionary<FaultEvent, long> _events = [];
    private readonly SortedDictionary<SpeculationAbort, long> _aborts = [];
    private readonly SortedDictionary<LockUser, Calls> _calls = [];
    private readonly Dictionary<(LockUser Waiter, LockUser Holder), long> _blame = [];
    private FailedAttempts _failed;
    private long _refined, _widened;
    private SpinGate _gate;

    private static readonly FaultEvent[] s_events =
        [FaultEvent.Attempt, FaultEvent.Restart, FaultEvent.Fallback, FaultEvent.Speculative, FaultEvent.Classic, FaultEvent.Signal];

    /// <summary>Adds what a space has counted so far.</summary>
    public void Add(AddressSpace space) => Count(space, 1);

    /// <summary>Leaves out what a space has counted so far: it is added later, with more.</summary>
    public void Subtract(AddressSpace space) => Count(space, -1);

    /// <summary>The faults.</summary>
    public FaultReport Faults()
    {
        long speculative = _events.GetValueOrDefault(FaultEvent.Speculative);
        return new FaultReport(
            speculative + _events.GetValueOrDefault(FaultEvent.Classic), speculative, _events.GetValueOrDefault(FaultEvent.Attempt),
            _events.GetValueOrDefault(FaultEvent.Restart), _events.GetValueOrDefault(FaultEvent.Fallback), _failed.Nanoseconds,
            _events.GetValueOrDefault(FaultEvent.Signal),
            new SortedDictionary<SpeculationAbort, long>(_aborts.Where(abort => abort.Value != 0).ToDictionary()));
    }

    /// <summary>The locks.</summary>
    public LockReport Lock() => new(
        _calls.Values.Sum(calls => calls.Waits),
        _calls.Values.Sum(calls => calls.Waited),
        [
            .. _calls.Where(c => c.Value.Writes != 0 || c.Value.Ranges != 0 || c.Value.Waits != 0).Select(c => c.Value.Report(c.Key)),
        ],
        [
            .. _blame.Where(b => b.Value != 0).Select(b => new LockBlame(b.Key.Waiter, b.Key.Holder, b.Value))
                .OrderByDescending(b => b.Nanoseconds),
        ])
    {
        RefinedProtects = _refined,
        WidenedProtects = _widened,
    };

    private void Count(AddressSpace space, int sign)
    {
        FaultStatistics faults = space.FaultStatistics;
        LockStatistics locks = space.LockStatistics;
        _gate.Enter();
        foreach (FaultEvent what in s_events) _events[what] = _events.GetValueOrDefault(what) + (sign * faults[what]);
        foreach (SpeculationAbort reason in Enum.GetValues<SpeculationAbort>())
            _aborts[reason] = _aborts.GetValueOrDefault(reason) + (sign * faults[reason]);
        _failed = _failed.Plus(faults.Failed, sign);
        _refined += sign * locks.RefinedProtects;
        _widened += sign * locks.WidenedProtects;
        foreach (LockUser user in LockStatistics.Users) _calls[user] = _calls.GetValueOrDefault(user).Plus(locks, user, sign);
        if (locks.TotalWaits != 0) CountBlame(locks, sign);
        _gate.Exit();
    }

    private void CountBlame(LockStatistics locks, int sign)
    {
        foreach (LockUser waiter in LockStatistics.Users)
        {
            foreach (LockUser holder in LockStatistics.Users)
                _blame[(waiter, holder)] = _blame.GetValueOrDefault((waiter, holder)) + (sign * locks.BlamedNanoseconds(waiter, holder));
        }
    }

    private readonly record struct Calls(long Writes, long WriteHeld, long Ranges, long RangesHeld, long Waits, long Waited, long Longest)
    {
        public Calls Plus(LockStatistics locks, LockUser user, int sign) => new(
            Writes + (sign * locks.Writes(user)),
            WriteHeld + (sign * locks.WriteHeldNanoseconds(user)),
            Ranges + (sign * locks.Ranges(user)),
            RangesHeld + (sign * locks.RangesHeldNanoseconds(user)),
            Waits + (sign * locks.Waits(user)),
            Waited + (sign * locks.WaitedNanoseconds(user)),
            Math.Max(Longest, sign * locks.LongestWaitNanoseconds(user)));

        public LockCalls Report(LockUser user) => new(
            user, Writes, Mean(WriteHeld, Writes), Ranges, Mean(RangesHeld, Ranges), WriteHeld + RangesHeld, Waits, Waited, Longest);

        private static double Mean(long held, long holds) => holds == 0 ? 0 : (double)held / holds;
    }
}
