namespace Faultline.Traces.Replay;

/// <summary>
/// The address range of one space, cut where operations ended: who wrote each part last, who has looked at it since, and what the recording says is there.
/// </summary>
/// <remarks>
/// Writers are calls and stack growth, with the range they change; readers are calls whose recorded mapping line shows more than that range. Faults are not
/// kept here but per page (<see cref="PageOrder"/>): a fault never changes what another call's line shows.
/// </remarks>
internal sealed class AreaOrder
{
    public struct Part
    {
        public ulong Start;
        public int Writer;
        public ReaderSet? Readers;
        public AreaState State;
    }

    // Sorted by Start; the first starts at 0, each ends where the next one starts, the last at the top.
    private readonly List<Part> _parts = [];

    /// <summary>An empty range that <paramref name="creator"/> made.</summary>
    public AreaOrder(int creator) => _parts.Add(new Part { Writer = creator });

    /// <summary>A forked copy: the same contents, written by the fork.</summary>
    public AreaOrder(AreaOrder parent, int fork)
    {
        _parts.AddRange(parent._parts);
        Restamp(fork);
    }

    public ulong EndOf(int index) => index + 1 < _parts.Count ? _parts[index + 1].Start : ulong.MaxValue;

    public int Count => _parts.Count;

    public Part this[int index] => _parts[index];

    /// <summary>The part that holds an address.</summary>
    public int IndexOf(ulong address)
    {
        int low = 0, high = _parts.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >> 1;
            if (_parts[middle].Start <= address) low = middle;
            else high = middle - 1;
        }

        return low;
    }

    /// <summary>Orders a writer of a range behind all that concerns it, and gives each part its new state.</summary>
    public void Write(ulong start, ulong end, int operation, Collector collector, Func<AreaState, AreaState> change)
    {
        if (start >= end) return;
        int first = Cut(start), last = Cut(end);
        int kept = first;
        var parts = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_parts);
        for (int i = first; i < last; i++)
        {
            Collect(parts[i], collector);
            var part = new Part { Start = parts[i].Start, Writer = operation, State = change(parts[i].State) };
            if (kept > first && parts[kept - 1].State == part.State) continue;
            parts[kept++] = part;
        }

        _parts.RemoveRange(kept, last - kept);
    }

    /// <summary>Orders a reader of a range behind its writers.</summary>
    public void Read(ulong start, ulong end, int operation, Collector collector, OperationTable table, ThreadPlan thread)
    {
        if (start >= end) return;
        int first = Cut(start), last = Cut(end);
        var parts = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_parts);
        ReaderSet? before = null, after = null;
        for (int i = first; i < last; i++)
        {
            ref Part part = ref parts[i];
            collector.Add(part.Writer);
            if (after is null || part.Readers != before)
            {
                before = part.Readers;
                after = ReaderSet.With(before, operation, table, thread);
            }

            part.Readers = after;
        }
    }

    /// <summary>Gives a range another state without ordering anybody: what the change depends on was ordered by its cause.</summary>
    public void Annotate(ulong start, ulong end, Func<AreaState, AreaState> change)
    {
        int first = Cut(start), last = Cut(end);
        foreach (ref Part part in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_parts)[first..last]) part.State = change(part.State);
    }

    /// <summary>The range around a part in which everything has its state: the area that it lies in.</summary>
    public (ulong Start, ulong End) Extent(int index)
    {
        int first = index, last = index;
        while (first > 0 && _parts[first - 1].State == _parts[index].State) first--;
        while (last + 1 < _parts.Count && _parts[last + 1].State == _parts[index].State) last++;
        return (_parts[first].Start, EndOf(last));
    }

    /// <summary>Orders an operation behind everything.</summary>
    public void CollectAll(Collector collector)
    {
        foreach (Part part in _parts) Collect(part, collector);
    }

    /// <summary>Makes one operation the last writer of everything.</summary>
    public void Restamp(int writer)
    {
        foreach (ref Part part in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_parts))
        {
            part.Writer = writer;
            part.Readers = null;
        }
    }

    private static void Collect(in Part part, Collector collector)
    {
        collector.Add(part.Writer);
        if (part.Readers is null) return;
        foreach (int reader in part.Readers.Operations) collector.Add(reader);
    }

    // The index of the part that starts at the address.
    private int Cut(ulong address)
    {
        int index = IndexOf(address);
        Part part = _parts[index];
        if (part.Start == address) return index;
        part.Start = address;
        _parts.Insert(index + 1, part);
        return index + 1;
    }
}
