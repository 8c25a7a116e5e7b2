using Faultline.Sync;

namespace Faultline.Traces.Replay;

/// <summary>What the first of several racing faults found: the recording says that all of them found the same.</summary>
internal sealed class RaceTable(int count)
{
    private const uint Unset = 0;

    // Unset, or a state plus one. Set once by a compare-and-swap, before the setter's touch.
    private readonly Word32[] _found = new Word32[count];

    /// <summary>The state that the first fault of the race found.</summary>
    public EntryState First(int race, EntryState own)
    {
        uint found = _found[race].CompareExchange((uint)own + 1, Unset);
        return found == Unset ? own : (EntryState)(found - 1);
    }
}
