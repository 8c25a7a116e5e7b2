using Faultline.Faults;
using Faultline.Sync;

namespace Faultline.Diagnostics;

/// <summary>
/// What happened to an accessor's faults. Written by the accessor's owner alone, with plain stores on its own lines; readers may be a few events behind.
/// </summary>
internal sealed class FaultCounters
{
    private readonly Word64[] _events = new Word64[Enum.GetValues<FaultEvent>().Length];
    private readonly Word64[] _aborts = new Word64[Enum.GetValues<SpeculationAbort>().Length];

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

    public long this[FaultEvent what] => (long)_events[(int)what].LoadRelaxed();

    public long this[SpeculationAbort reason] => (long)_aborts[(int)reason].LoadRelaxed();

    /// <summary>Adds another accessor's counts to a sum that the caller owns.</summary>
    public void Add(FaultCounters other)
    {
        for (int i = 0; i < _events.Length; i++) _events[i].StoreRelaxed(_events[i].LoadRelaxed() + other._events[i].LoadRelaxed());
        for (int i = 0; i < _aborts.Length; i++) _aborts[i].StoreRelaxed(_aborts[i].LoadRelaxed() + other._aborts[i].LoadRelaxed());
    }
}
