namespace Faultline.Checker;

/// <summary>A shared reference. Outside an exploration it acts directly, as atomic accesses do.</summary>
public sealed class ReferenceCell : Cell
{
    private object? _value;

    /// <summary>Makes a location that nobody shares yet.</summary>
    public ReferenceCell(object? value) => _value = value;

    internal override Value Memory
    {
        get => new(0, _value);
        set => _value = value.Reference;
    }

    private Location Location => new(this, sizeof(ulong));

    /// <summary>Loads.</summary>
    public object? Load() =>
        ControlledThread.Current is { } thread ? thread.Load(Location).Reference : Volatile.Read(ref _value);

    /// <summary>Stores: under <see cref="MemoryModel.Tso"/> into the thread's buffer.</summary>
    public void Store(object? value)
    {
        if (ControlledThread.Current is { } thread) thread.Store(Location, new Value(0, value));
        else Volatile.Write(ref _value, value);
    }

    /// <summary>Stores and returns the old content; a full fence.</summary>
    public object? Exchange(object? value) =>
        ControlledThread.Current is { } thread
            ? thread.Modify(Location, Update.Exchange, new Value(0, value), default).Reference
            : Interlocked.Exchange(ref _value, value);

    /// <summary>Stores if the content is <paramref name="comparand"/>; returns the old content. A full fence.</summary>
    public object? CompareExchange(object? value, object? comparand) =>
        ControlledThread.Current is { } thread
            ? thread.Modify(Location, Update.CompareExchange, new Value(0, value), new Value(0, comparand)).Reference
            : Interlocked.CompareExchange(ref _value, value, comparand);
}
