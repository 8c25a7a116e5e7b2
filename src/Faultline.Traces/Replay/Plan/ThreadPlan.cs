namespace Faultline.Traces.Replay;

/// <summary>One recorded thread from its start to its last event. A thread id that is used again is another thread.</summary>
internal sealed class ThreadPlan(int number, int threadId, int start)
{
    private readonly Dictionary<int, int> _known = [];

    /// <summary>From 0, in the order of their first events.</summary>
    public int Number { get; } = number;

    /// <summary>The recorded id.</summary>
    public int ThreadId { get; } = threadId;

    /// <summary>The fork event that starts the thread; negative if the recording has none: it starts with the replay.</summary>
    public int Start { get; } = start;

    /// <summary>The events to replay, in the order in which they took effect.</summary>
    public List<int> Operations { get; } = [];

    /// <summary>What the next operation must wait for besides its conflicts: the exec of a vfork child, the fork that made the space.</summary>
    public List<int> NextWaitsFor { get; } = [];

    /// <summary>The thread that waits in vfork until this one has its own space.</summary>
    public ThreadPlan? VforkParent { get; set; }

    /// <summary>True if an operation of this thread already waits for this or a later operation of <paramref name="other"/>.</summary>
    public bool Knows(ThreadPlan other, int position) => _known.TryGetValue(other.Number, out int known) && known >= position;

    /// <summary>A child knows what its parent knew, and the parent up to the fork.</summary>
    public void LearnFrom(ThreadPlan parent)
    {
        foreach ((int thread, int position) in parent._known) _known[thread] = position;
        _known[parent.Number] = parent.Operations.Count - 1;
    }

    public void Learn(ThreadPlan other, int position) => _known[other.Number] = position;
}
