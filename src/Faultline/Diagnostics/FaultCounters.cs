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

    // Attempts that were timed, and the clock readings that their failures took.
    private Word64 _timed, _failed;

    // The owner's alone. When the current try of the current attempt began; zero: it is not timed.
    private long _begun;

    // Attempts until one is timed. Written by the owner; read to tell how many have begun.
    private Word64 _untilTimed = new(1);

    public void Count(FaultEvent what) => Increment(ref _counts[(int)what]);

    public void Count(SpeculationAbort reason) => Increment(ref _counts[s_events + (int)reason]);

    private static void Increment(ref Word64 word) => word.StoreRelaxed(word.LoadRelaxed() + 1);

    /// <summary>A speculative attempt begins. One of sixty-four is timed: two readings of the clock take a sixth of a fault.</summary>
    public void BeginAttempt()
    {
        _begun = 0;
        ulong left = _untilTimed.LoadRelaxed() - 1;
        _untilTimed.StoreRelaxed(left == 0 ? TimeEvery : left);
        if (left != 0) return;
        Increment(ref _timed);
        _begun = Clock.Timestamp;
    }

    /// <summary>What the attempt did so far was in vain: it starts again, or gives up.</summary>
    public void Fail()
    {
        if (_begun == 0) return;
        long now = Clock.Timestamp;
        _failed.StoreRelaxed(_failed.LoadRelaxed() + (ulong)(now - _begun));
        _begun = now;
    }

    /// <summary>Time spent in vain, from the attempts that were timed to all.</summary>
    public long FailedNanoseconds
    {
        get
        {
            ulong timed = _timed.LoadRelaxed();
            return timed == 0 ? 0 : (long)((double)Clock.Nanoseconds(0, (long)_failed.LoadRelaxed()) * Begun / timed);
        }
    }

    /// <summary>Attempts that have begun. A fault that is known not to be for speculation counts as an attempt that gave up, but has spent no time on it.</summary>
    private long Begun => Math.Max(0, ((long)_timed.LoadRelaxed() * TimeEvery) + 1 - (long)_untilTimed.LoadRelaxed());

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
        _timed.StoreRelaxed(_timed.LoadRelaxed() + other._timed.LoadRelaxed());

        // Such that those which have begun add up.
        _untilTimed.StoreRelaxed(_untilTimed.LoadRelaxed() + other._untilTimed.LoadRelaxed() - 1);
        _failed.StoreRelaxed(_failed.LoadRelaxed() + other._failed.LoadRelaxed());
    }
}
