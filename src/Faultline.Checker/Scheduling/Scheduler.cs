using System.Runtime.InteropServices;

namespace Faultline.Checker;

/// <summary>
/// Runs one schedule after the other on the same threads. One of them has the baton; it decides itself what happens next
/// and hands the baton on only if that is another thread's step.
/// </summary>
/// <remarks>All fields belong to the holder of the baton; passing it publishes them.</remarks>
internal sealed class Scheduler(MemoryModel model, int maxSteps) : IDisposable
{
    private readonly List<ControlledThread> _threads = [];
    private readonly Baton _controller = new();
    private readonly List<byte> _chosen = [];
    private Choice[] _options = [];
    private Picker _picker = null!;
    private Failure? _failure;
    private int _count;

    /// <summary>Counts schedules, so that state kept by an operating-system thread can be told from an earlier one's.</summary>
    public long ScheduleNumber { get; private set; }

    /// <summary>Operations of the current schedule.</summary>
    public int Steps { get; private set; }

    /// <summary>Where operations are written down, if they are.</summary>
    public OperationTrace? Trace { get; private set; }

    public bool HasFailed => _failure is not null;

    public bool IsDisposed { get; private set; }

    public bool BuffersStores => model == MemoryModel.Tso && !HasFailed;

    /// <summary>The choices of the last schedule.</summary>
    public string ScheduleText => Checker.ScheduleText.Format(model, CollectionsMarshal.AsSpan(_chosen));

    /// <summary>Runs one schedule on the calling thread's behalf; returns how it failed, or null.</summary>
    public Failure? Execute(Picker picker, Action<ExploreScope> body, OperationTrace? trace)
    {
        var scope = new ExploreScope();
        try
        {
            body(scope);
            RunThreads(scope.Threads, picker, trace);
            if (!HasFailed) RunChecks(scope);
        }
        finally
        {
            scope.RunCleanups();
        }

        return _failure;
    }

    /// <summary>Called by a thread before its next operation; returns when that is what happens next.</summary>
    public void Step(ControlledThread thread)
    {
        if (++Steps > maxSteps)
        {
            Fail(new Failure(FindingKind.Livelock, $"the threads go on after {maxSteps} operations ({States()})", -1, null));
            return;
        }

        var next = Decide(thread);
        if (next is null || next == thread) return;
        next.Baton.Pass();
        thread.Baton.Take();
    }

    /// <summary>Called by a thread that has ended.</summary>
    public void Leave(ControlledThread thread)
    {
        var next = HasFailed ? null : Decide(thread);

        // A failed schedule's threads unwind one after the other.
        if (HasFailed) next = Threads.FirstOrDefault(left => left.State != ThreadState.Finished);
        (next?.Baton ?? _controller).Pass();
    }

    /// <summary>Ends the schedule. The first failure counts.</summary>
    public void Fail(Failure failure)
    {
        if (HasFailed) return;
        _failure = failure;
        foreach (var thread in Threads)
        {
            while (!thread.Buffer.IsEmpty) thread.Buffer.FlushOldest();
        }
    }

    public void Dispose()
    {
        IsDisposed = true;
        foreach (var thread in _threads) thread.Baton.Pass();
    }

    private IEnumerable<ControlledThread> Threads => _threads.Take(_count);

    private void RunThreads(IReadOnlyList<Action> bodies, Picker picker, OperationTrace? trace)
    {
        ScheduleNumber++;
        Steps = 0;
        Trace = trace;
        _failure = null;
        _chosen.Clear();
        _picker = picker;
        _count = bodies.Count;
        while (_threads.Count < _count) _threads.Add(new ControlledThread(this, _threads.Count));
        if (_options.Length < 2 * _count) _options = new Choice[2 * _count];
        for (int i = 0; i < _count; i++) _threads[i].Prepare(bodies[i]);

        if (Decide(current: null) is not { } first) return;
        first.Baton.Pass();
        _controller.Take();
    }

    private void RunChecks(ExploreScope scope)
    {
        try
        {
            scope.RunChecks();
        }
        catch (Exception exception)
        {
            Fail(new Failure(FindingKind.FailedCheck, $"{exception.GetType().Name}: {exception.Message}", -1, exception));
        }
    }

    /// <summary>
    /// Chooses until it is a thread's turn. Stores that reach memory on the way need no thread to run.
    /// Null if nothing is left to happen, or the schedule has failed.
    /// </summary>
    private ControlledThread? Decide(ControlledThread? current)
    {
        while (true)
        {
            var options = Options(current);
            if (options.IsEmpty)
            {
                if (Threads.Any(thread => thread.State != ThreadState.Finished))
                    Fail(new Failure(FindingKind.Deadlock, $"no thread can go on ({States()})", -1, null));
                return null;
            }

            int pick = 0;
            if (options.Length > 1)
            {
                pick = _picker.Pick(options);
                if (pick < 0)
                {
                    Fail(new Failure(FindingKind.Nondeterminism, "the program does not follow the schedule", -1, null));
                    return null;
                }

                _chosen.Add(options[pick].Agent);
            }

            var thread = _threads[options[pick].Thread];
            if (!options[pick].IsFlush)
            {
                foreach (var other in _threads) other.HoldsStores = !other.Buffer.IsEmpty;
                return thread;
            }

            var (location, value) = thread.Buffer.FlushOldest();
            if (thread.Buffer.IsEmpty) thread.HoldsStores = false;
            Trace?.AddFlush(thread.Index, location, value);
        }
    }

    /// <summary>
    /// What can happen now, the undisturbed course first: a new store reaches memory, the current thread goes on, another
    /// thread goes on. A store that was held back stays so, undisturbed, until its thread must wait for it or nothing else
    /// is left: letting it arrive anywhere for free would give each held store as many schedules as there are points.
    /// </summary>
    private ReadOnlySpan<Choice> Options(ControlledThread? current)
    {
        int count = 0;
        for (int i = 0; i < _count; i++)
        {
            if (!_threads[i].Buffer.IsEmpty && !_threads[i].HoldsStores)
                _options[count++] = new Choice(i, IsFlush: true, Cost: 0);
        }

        int hold = count > 0 ? 1 : 0;

        // A thread that waits only for its own stores can go on: by letting the oldest reach memory.
        bool drains = current is { State: ThreadState.Draining or ThreadState.Full, CanGoOn: false };
        int preemption = 0;
        if (current is not null && current.State != ThreadState.Yielding && (drains || current.CanGoOn))
        {
            if (!drains) _options[count++] = new Choice(current.Index, IsFlush: false, hold);
            else if (current.HoldsStores) _options[count++] = new Choice(current.Index, IsFlush: true, Cost: 0);
            preemption = 1;
        }

        int first = current is null ? 0 : current.Index + 1;
        for (int i = 0; i < _count; i++)
        {
            var thread = _threads[(first + i) % _count];
            bool isListed = thread == current && thread.State != ThreadState.Yielding;
            if (!isListed && thread.CanGoOn) _options[count++] = new Choice(thread.Index, IsFlush: false, hold + preemption);
        }

        int arrival = count > 0 ? 1 : 0;
        for (int i = 0; i < _count; i++)
        {
            var thread = _threads[i];
            bool isListed = thread == current && drains;
            if (thread.HoldsStores && !isListed) _options[count++] = new Choice(i, IsFlush: true, arrival);
        }

        // Time passes only when nothing else can happen.
        bool isAnythingLeft = count > 0;
        for (int i = 0; i < _count && !isAnythingLeft; i++)
        {
            if (_threads[i].State == ThreadState.ParkedWithTimeout) _options[count++] = new Choice(i, IsFlush: false, Cost: 0);
        }

        return _options.AsSpan(0, count);
    }

    private string States() =>
        string.Join(", ", Threads.Select(thread => $"{Checker.ScheduleText.ThreadName(thread.Index)} {thread.State}"));
}
