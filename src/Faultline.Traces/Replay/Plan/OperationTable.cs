namespace Faultline.Traces.Replay;

/// <summary>What the plan knows about each event that is replayed. An operation's number is its event's index.</summary>
internal sealed class OperationTable(int events)
{
    private struct Row
    {
        public ThreadPlan? Thread;
        public int Position;
        public int First;
        public int Count;
        public int Race;
        public bool IsRepeated;
        public bool HasFollowers;
    }

    private readonly Row[] _rows = new Row[events];
    private readonly List<int> _predecessors = [];
    private int[]? _packed;

    /// <summary>Operations in all.</summary>
    public int Count { get; private set; }

    /// <summary>Orders between different threads.</summary>
    public int Orders => _predecessors.Count;

    public bool Contains(int operation) => _rows[operation].Thread is not null;

    public ThreadPlan ThreadOf(int operation) => _rows[operation].Thread!;

    /// <summary>Place in its thread's list.</summary>
    public int PositionOf(int operation) => _rows[operation].Position;

    /// <summary>Some operation of another thread waits for it.</summary>
    public bool HasFollowers(int operation) => _rows[operation].HasFollowers;

    /// <summary>0, or the number of the group of faults that found the same entry at the same time.</summary>
    public int RaceOf(int operation) => _rows[operation].Race;

    public void SetRace(int operation, int race) => _rows[operation].Race = race;

    /// <summary>The kernel made this access several times, each time with a fault of its own, of which only the last was served.</summary>
    public bool IsRepeated(int operation) => _rows[operation].IsRepeated;

    public void SetRepeated(int operation) => _rows[operation].IsRepeated = true;

    /// <summary>The operations of other threads that must be complete first.</summary>
    public ReadOnlySpan<int> PredecessorsOf(int operation)
    {
        _packed ??= [.. _predecessors];
        return _packed.AsSpan(_rows[operation].First, _rows[operation].Count);
    }

    /// <summary>Appends an operation to its thread.</summary>
    public void Add(int operation, ThreadPlan thread, List<int> predecessors)
    {
        ref Row row = ref _rows[operation];
        row.Thread = thread;
        row.Position = thread.Operations.Count;
        row.First = _predecessors.Count;
        row.Count = predecessors.Count;
        foreach (int predecessor in predecessors)
        {
            ref Row before = ref _rows[predecessor];
            before.HasFollowers = true;
            thread.Learn(before.Thread!, before.Position);
        }

        _predecessors.AddRange(predecessors);
        thread.Operations.Add(operation);
        Count++;
    }
}
