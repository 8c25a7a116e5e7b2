using Faultline.Faults;
using Faultline.Sync;

namespace Faultline.Diagnostics;

/// <summary>
/// What happened to an accessor's faults. Written by the accessor's owner alone, with plain stores on its own lines; readers may be a few events behind.
/// </summary>
internal sealed class FaultCounters
{
    private const long TimeEvery = 64, FirstOfEach = 1;

    private readonly Word64[] _events = new Word64[Enum.GetValues<FaultEvent>().Length];
    private readonly Word64[] _aborts = new Word64[Enum.GetValues<SpeculationAbort>().Length];

    // Attempts that were timed, and the clock readings that their failures took.
    private Word64 _timed, _failed;

    // The owner's alone. When the current try of the current attempt began; zero: it is not timed.
    private long _begun;

    public void Count(FaultEvent what)
    {
        ref Word64 word = ref _events[(int)what];
        word.StoreRelaxed(word.LoadRelaxed() + 1);
    }

    public void Count(SpeculationAbort reason)
    {
        ref Word64 word = ref _aborts[(int)reason];
        word.StoreRelaxed(word.LoadRelaxed() + 1);
    }

    /// <summary>A speculative attempt begins. One of sixty-four is timed: two readings of the clock take a sixth of a fault.</summary>
    public void BeginAttempt()
    {
        Count(FaultEvent.Attempt);
        _begun = 0;
        if (this[FaultEvent.Attempt] % TimeEvery != FirstOfEach) return;
        _timed.StoreRelaxed(_timed.LoadRelaxed() + 1);
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
            return timed == 0 ? 0 : (long)((double)Clock.Nanoseconds(0, (long)_failed.LoadRelaxed()) * this[FaultEvent.Attempt] / timed);
        }
    }

    public long this[FaultEvent what] => (long)_events[(int)what].LoadRelaxed();

    public long this[SpeculationAbort reason] => (long)_aborts[(int)reason].LoadRelaxed();

    /// <summary>Adds another accessor's counts to a sum that the caller owns.</summary>
    public void Add(FaultCounters other)
    {
        for (int i = 0; i < _events.Length; i++) _events[i].StoreRelaxed(_events[i].LoadRelaxed() + other._events[i].LoadRelaxed());
        for (int i = 0; i < _aborts.Length; i++) _aborts[i].StoreRelaxed(_aborts[i].LoadRelaxed() + other._aborts[i].LoadRelaxed());
        _timed.StoreRelaxed(_timed.LoadRelaxed() + other._timed.LoadRelaxed());
        _failed.StoreRelaxed(_failed.LoadRelaxed() + other._failed.LoadRelaxed());
    }
}
