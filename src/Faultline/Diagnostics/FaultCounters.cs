using Faultline.Faults;
using Faultline.Sync;

namespace Faultline.Diagnostics;

/// <summary>
/// What happened to an accessor's faults. Written by the accessor's owner alone, with plain stores on its own lines; readers may be a few events behind.
/// </summary>
internal sealed class FaultCounters
{
    private const int TimeEvery = 64;

    private static readonly int s_events = Enum.GetValues<FaultEvent>().Length, s_aborts = Enum.GetValues<SpeculationAbort>().Length;

    // By event, then by reason to give up: in one array, because a fault that copies pages finds each line of counts gone from the first cache. Attempts and fallbacks
    // have places and no counts, see the indexer.
    private readonly Word64[] _counts = new Word64[s_events + s_aborts];

    // Tries that were in vain, those among them that were timed, and the clock readings that these took.
    private Word64 _failures, _timed, _failed;

    // The owner's alone. When the current try of the current attempt began; zero: it is not timed.
    private long _begun;

    // The owner's alone. Attempts until one is timed. Not the first, in which the program meets its code and data for the first time.
    private int _untilTimed = 2;

    public void Count(FaultEvent what) => Increment(ref _counts[(int)what]);

    public void Count(SpeculationAbort reason) => Increment(ref _counts[s_events + (int)reason]);

    private static void Increment(ref Word64 word) => word.StoreRelaxed(word.LoadRelaxed() + 1);

    /// <summary>A speculative attempt begins. One of sixty-four is timed: two readings of the clock take a sixth of a fault.</summary>
    public void BeginAttempt()
    {
        _begun = 0;
        if (--_untilTimed != 0) return;
        _untilTimed = TimeEvery;
        _begun = Clock.Timestamp;
    }

    /// <summary>What the attempt did so far was in vain: it starts again, or gives up.</summary>
    /// <remarks>
    /// The first failure is not timed: it may have had to wait for the just-in-time compiler, for a thousand times what another one takes, and would stand for all.
    /// </remarks>
    public void Fail()
    {
        bool isFirst = _failures.LoadRelaxed() == 0;
        Increment(ref _failures);
        if (_begun == 0) return;
        long now = Clock.Timestamp;
        if (!isFirst)
        {
            Increment(ref _timed);
            _failed.StoreRelaxed(_failed.LoadRelaxed() + (ulong)(now - _begun));
        }

        _begun = now;
    }

    /// <summary>What was in vain. A fault that is known not to be for speculation counts as an attempt that gave up, but is not among these.</summary>
    public FailedAttempts Failed => new((long)_failures.LoadRelaxed(), (long)_timed.LoadRelaxed(), Clock.Nanoseconds(0, (long)_failed.LoadRelaxed()));

    /// <remarks>
    /// An attempt ends in one of two ways, and each reason that is counted, but for the two that let no attempt begin, made it start again or fall back. So neither attempts
    /// nor fallbacks are counted: a fault that cannot be speculative costs one count more than a classic one, not three.
    /// </remarks>
    public long this[FaultEvent what] => what switch
    {
        FaultEvent.Attempt => this[FaultEvent.Speculative] + this[FaultEvent.Fallback],
        FaultEvent.Fallback => Fallbacks(),
        _ => (long)_counts[(int)what].LoadRelaxed(),
    };

    public long this[SpeculationAbort reason] => (long)_counts[s_events + (int)reason].LoadRelaxed();

    private long Fallbacks()
    {
        // Restarts first, which are counted after their reasons; on Arm a reader beside the owner may see it otherwise for a moment.
        long fallbacks = -this[FaultEvent.Restart];
        for (var reason = default(SpeculationAbort); (int)reason < s_aborts; reason++)
        {
            if (reason is not (SpeculationAbort.SwitchedOff or SpeculationAbort.SingleThread)) fallbacks += this[reason];
        }

        return Math.Max(0, fallbacks);
    }

    /// <summary>Adds another accessor's counts to a sum that the caller owns.</summary>
    public void Add(FaultCounters other)
    {
        for (int i = 0; i < _counts.Length; i++) _counts[i].StoreRelaxed(_counts[i].LoadRelaxed() + other._counts[i].LoadRelaxed());
        _failures.StoreRelaxed(_failures.LoadRelaxed() + other._failures.LoadRelaxed());
        _timed.StoreRelaxed(_timed.LoadRelaxed() + other._timed.LoadRelaxed());
        _failed.StoreRelaxed(_failed.LoadRelaxed() + other._failed.LoadRelaxed());
    }
}
