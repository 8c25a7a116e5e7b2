namespace Faultline.Checker;

/// <summary>What a thread has read since its last turn of waiting, so that it need not run until something differs.</summary>
internal sealed class ReadSet
{
    private const int Capacity = 32;

    private readonly (Location Location, Value Value)[] _reads = new (Location, Value)[Capacity];
    private int _count;

    // More was read than is remembered: the thread then runs whenever it is chosen.
    private bool _overflowed;

    public void Clear()
    {
        _count = 0;
        _overflowed = false;
    }

    public void Add(in Location location, Value value)
    {
        if (_count < Capacity) _reads[_count++] = (location, value);
        else _overflowed = true;
    }

    /// <summary>True if the thread would now read something else.</summary>
    public bool HasChanged(StoreBuffer buffer)
    {
        if (_overflowed) return true;
        foreach (ref readonly var read in _reads.AsSpan(0, _count))
        {
            if (!buffer.Load(read.Location).Is(read.Value)) return true;
        }

        return false;
    }
}
