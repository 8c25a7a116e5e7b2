namespace Faultline.Traces;

/// <summary>Gives every event its address space from the forks and execs before it.</summary>
internal sealed class SpaceTracker
{
    private const int NoSpace = TraceEvent.NoSpace;

    private readonly Dictionary<int, int> _ofThread = [];
    private readonly Dictionary<int, int> _ofProcess = [];

    /// <summary>Spaces so far.</summary>
    public int Count { get; private set; }

    /// <summary>Fills the event's space, and the spaces that an exec left or a fork made.</summary>
    public void Resolve(ref TraceEvent e)
    {
        switch (e.Kind)
        {
            case EventKind.Exec:
                e.Exec.PreviousSpace = _ofThread.GetValueOrDefault(e.Exec.OldThreadId, _ofProcess.GetValueOrDefault(e.ProcessId, NoSpace));
                _ofThread.Remove(e.Exec.OldThreadId);
                Put(e.ProcessId, e.ThreadId, e.Space = Count++);
                break;

            case EventKind.Fork:
                e.Space = Of(e.ProcessId, e.ThreadId);
                e.Fork.ChildSpace = e.Fork.SharesSpace ? e.Space : Count++;
                Put(e.Fork.ChildProcessId, e.Fork.ChildThreadId, e.Fork.ChildSpace);
                break;

            // An exit forgets nothing: the dying thread still faults when the kernel clears its id, and a fork renews used ids.
            case EventKind.Lost:
                e.Space = NoSpace; // of whatever thread ran when the buffer was read
                break;

            default:
                e.Space = Of(e.ProcessId, e.ThreadId);
                break;
        }
    }

    // A thread whose start was not recorded (lost, or before the recording began) is in its process's space.
    private int Of(int processId, int threadId)
    {
        if (_ofThread.TryGetValue(threadId, out var space)) return space;
        if (!_ofProcess.TryGetValue(processId, out space)) space = Count++;
        Put(processId, threadId, space);
        return space;
    }

    private void Put(int processId, int threadId, int space)
    {
        _ofThread[threadId] = space;
        _ofProcess[processId] = space;
    }
}
