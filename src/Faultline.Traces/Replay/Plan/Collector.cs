namespace Faultline.Traces.Replay;

/// <summary>Gathers what one operation depends on: of each other recorded thread only the latest operation, and only what is not known already.</summary>
/// <remarks>Operations of the same recorded thread are in program order anyway.</remarks>
internal sealed class Collector(OperationTable operations)
{
    private readonly List<int> _found = [];

    // Per other thread, the place in _found of its latest operation, as long as _stamp says that it was set for this operation.
    private int[] _place = [];
    private int[] _stamp = [];
    private int _round;
    private ThreadPlan _thread = null!;

    /// <summary>What was gathered since <see cref="Begin"/>.</summary>
    public List<int> Found => _found;

    public void Begin(ThreadPlan thread)
    {
        _thread = thread;
        _found.Clear();
        _round++;
    }

    public void Add(int operation)
    {
        // Itself: a call that looks at what it also writes.
        if (operation < 0 || !operations.Contains(operation)) return;
        ThreadPlan other = operations.ThreadOf(operation);
        if (other == _thread || _thread.Knows(other, operations.PositionOf(operation))) return;
        if (other.Number >= _place.Length)
        {
            Array.Resize(ref _place, 2 * (other.Number + 1));
            Array.Resize(ref _stamp, _place.Length);
        }

        if (_stamp[other.Number] != _round)
        {
            _stamp[other.Number] = _round;
            _place[other.Number] = _found.Count;
            _found.Add(operation);
            return;
        }

        ref int place = ref _place[other.Number];
        if (operations.PositionOf(_found[place]) < operations.PositionOf(operation)) _found[place] = operation;
    }
}
