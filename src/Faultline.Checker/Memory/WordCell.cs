namespace Faultline.Checker;

/// <summary>A shared number of one to eight bytes. Outside an exploration it acts directly, as atomic accesses do.</summary>
public sealed class WordCell : Cell
{
    private readonly int _size;

    private ulong _value;

    /// <summary>Makes a location that nobody shares yet.</summary>
    /// <param name="value">Its first content.</param>
    /// <param name="size">Its size in bytes: 1, 2, 4 or 8.</param>
    public WordCell(ulong value, int size = sizeof(ulong))
    {
        _value = value;
        _size = size;
    }

    internal override Value Memory
    {
        get => new(_value);
        set => _value = value.Bits;
    }

    private Location Location => new(this, _size);

    /// <summary>Loads.</summary>
    public ulong Load() =>
        ControlledThread.Current is { } thread ? thread.Load(Location).Bits : Volatile.Read(ref _value);

    /// <summary>Stores: under <see cref="MemoryModel.Tso"/> into the thread's buffer.</summary>
    public void Store(ulong value)
    {
        if (ControlledThread.Current is { } thread) thread.Store(Location, new Value(value));
        else Volatile.Write(ref _value, value);
    }

    /// <summary>Changes the content in one step and returns the old one.</summary>
    public ulong Modify(Update update, ulong operand, ulong comparand = 0)
    {
        if (ControlledThread.Current is { } thread)
            return thread.Modify(Location, update, new Value(operand), new Value(comparand)).Bits;

        ulong mask = Location.Mask;
        while (true)
        {
            ulong old = Volatile.Read(ref _value);
            if (Interlocked.CompareExchange(ref _value, update.Apply(old, operand, comparand) & mask, old) == old) return old;
        }
    }
}
