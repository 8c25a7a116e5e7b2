namespace Faultline.Traces.Import;

/// <summary>Events in time order of their enter, held back while one before them still waits for its exit.</summary>
/// <remarks>
/// A call is one event at its enter, but its result comes later: everything behind it waits in this queue. It holds as many
/// events as happen during the longest call, not the whole recording.
/// </remarks>
internal sealed class PendingEvents(TraceWriter writer)
{
    // A ring; the event with index i stands at i modulo the length, which is a power of two.
    private Slot[] _ring = new Slot[1 << 10];
    private int _first;
    private int _next;

    private struct Slot
    {
        public TraceEvent Event;
        public bool IsOpen;
    }

    /// <summary>Adds an event and returns its index in the recording; an open one stays until <see cref="Close"/>.</summary>
    public int Add(in TraceEvent e, bool open)
    {
        if (_next - _first == _ring.Length) Grow();
        ref var slot = ref _ring[_next & (_ring.Length - 1)];
        slot.Event = e;
        slot.IsOpen = open;
        var index = _next++;
        if (!open) Flush();
        return index;
    }

    /// <summary>An event that is still open.</summary>
    public ref TraceEvent this[int index] => ref _ring[index & (_ring.Length - 1)].Event;

    /// <summary>Nothing more will be known about it.</summary>
    public void Close(int index)
    {
        _ring[index & (_ring.Length - 1)].IsOpen = false;
        Flush();
    }

    private void Flush()
    {
        for (; _first < _next; _first++)
        {
            ref var slot = ref _ring[_first & (_ring.Length - 1)];
            if (slot.IsOpen) return;
            writer.Write(slot.Event);
        }
    }

    private void Grow()
    {
        var larger = new Slot[2 * _ring.Length];
        for (var i = _first; i < _next; i++) larger[i & (larger.Length - 1)] = _ring[i & (_ring.Length - 1)];
        _ring = larger;
    }
}
