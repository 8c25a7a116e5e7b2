namespace Faultline.Checker;

/// <summary>The stores of one thread that have not reached memory, oldest first.</summary>
internal sealed class StoreBuffer
{
    // Real processors hold some fifty; no bug that needs more than a few is known, and a short buffer bounds the search.
    private const int Capacity = 16;

    private readonly (Location Location, Value Value)[] _entries = new (Location, Value)[Capacity];
    private int _first;

    public int Count { get; private set; }

    public bool IsEmpty => Count == 0;

    public bool IsFull => Count == Capacity;

    public void Add(in Location location, Value value) => _entries[(_first + Count++) % Capacity] = (location, value);

    /// <summary>Lets the oldest store reach memory.</summary>
    public (Location Location, Value Value) FlushOldest()
    {
        var entry = _entries[_first];
        _first = (_first + 1) % Capacity;
        Count--;
        entry.Location.Write(entry.Value);
        return entry;
    }

    /// <summary>What the buffer's own thread reads: its latest store, or memory.</summary>
    public Value Load(in Location location)
    {
        var value = location.Read();
        for (int i = 0; i < Count; i++)
        {
            ref var entry = ref _entries[(_first + i) % Capacity];
            if (entry.Location.IsSameAs(location) && entry.Location.Size >= location.Size)
                value = new Value(entry.Value.Bits & location.Mask, entry.Value.Reference);
            else if (location.Cell is null && entry.Location.Cell is null)
                value = Overlay(value, location, entry.Location, entry.Value);
        }

        return value;
    }

    /// <summary>Forwards those bytes of a store that a load of another address or size covers.</summary>
    private static Value Overlay(Value value, in Location load, in Location store, Value stored)
    {
        ulong bits = value.Bits;
        long shift = (long)store.Address - load.Address;
        if (shift >= load.Size || -shift >= store.Size) return value;

        for (int i = 0; i < store.Size; i++)
        {
            long at = shift + i;
            if (at < 0 || at >= load.Size) continue;
            ulong mask = 0xFFul << (int)(8 * at);
            bits = (bits & ~mask) | (((stored.Bits >> (8 * i)) & 0xFF) << (int)(8 * at));
        }

        return new Value(bits);
    }
}
