using Faultline.Sync;

namespace Faultline.Traces.Replay;

/// <summary>Runs each recorded thread on a thread of its own, which serves another one when the first has ended.</summary>
/// <remarks>
/// No more run at a time than lived at a time in the recording: what made a parent wait for its children is not recorded, and a replay without a bound would
/// have all processes of a build in memory at once. A thread that waits for another one does not count, so that whatever it waits for can start.
/// </remarks>
internal sealed class Crew(int limit, Func<Worker> newWorker, Action<Worker, ThreadPlan> run)
{
    private readonly Queue<ThreadPlan> _ready = [];
    private readonly Stack<Worker> _idle = [];
    private readonly List<Worker> _workers = [];
    private readonly Parker _finished = new();

    // All below and the collections above: guarded by _gate.
    private SpinGate _gate;
    private int _running;

    // Workers with a job, and whoever has not come to Join yet.
    private int _busy = 1;
    private Exception? _failure;

    /// <summary>Everybody who was needed so far.</summary>
    public Worker[] Workers
    {
        get
        {
            _gate.Enter();
            Worker[] workers = [.. _workers];
            _gate.Exit();
            return workers;
        }
    }

    /// <summary>Called when the first exception ends the replay; it must make those who wait return.</summary>
    public Action? OnFailure { get; init; }

    /// <summary>Starts a recorded thread, now or when another one ends or waits.</summary>
    public void Start(ThreadPlan thread)
    {
        _gate.Enter();
        _ready.Enqueue(thread);
        Dispatch();
    }

    /// <summary>The calling worker is about to sleep.</summary>
    public void BeginWait()
    {
        _gate.Enter();
        _running--;
        Dispatch();
    }

    /// <summary>It is awake again.</summary>
    public void EndWait()
    {
        _gate.Enter();
        _running++;
        _gate.Exit();
    }

    /// <summary>Waits until all is done; calls <paramref name="tick"/> now and then. Throws what a worker threw.</summary>
    public void Join(Action tick)
    {
        _gate.Enter();
        bool finished = --_busy == 0 && _ready.Count == 0;
        _gate.Exit();
        if (finished) _finished.Unpark();
        while (!_finished.Park(s_tick)) tick();
        foreach (Worker worker in _workers) worker.Dismiss();
        if (_failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
    }

    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(100);

    /// <summary>Hands waiting threads to workers while there is room. Leaves the gate.</summary>
    private void Dispatch()
    {
        List<(Worker Worker, bool IsNew)>? called = null;
        while (_running < limit && _ready.TryDequeue(out ThreadPlan? thread))
        {
            bool isNew = !_idle.TryPop(out Worker? worker);
            if (isNew) _workers.Add(worker = newWorker());
            worker!.Job = thread;
            _running++;
            _busy++;
            (called ??= []).Add((worker, isNew));
        }

        _gate.Exit();
        if (called is null) return;
        foreach ((Worker worker, bool isNew) in called)
        {
            if (isNew) worker.Start(Serve);
            else worker.Call();
        }
    }

    /// <summary>A worker's life.</summary>
    private void Serve(Worker worker)
    {
        do
        {
            try
            {
                run(worker, worker.Job!);
            }
            catch (Exception e)
            {
                Fail(e);
            }

            Finish(worker);
        }
        while (worker.WaitForCall());
    }

    private void Finish(Worker worker)
    {
        _gate.Enter();
        _running--;
        _busy--;
        _idle.Push(worker);
        bool finished = _busy == 0 && _ready.Count == 0;
        Dispatch();
        if (finished) _finished.Unpark();
    }

    private void Fail(Exception exception)
    {
        _gate.Enter();
        bool first = _failure is null;
        _failure ??= exception;
        _ready.Clear();
        _gate.Exit();
        if (first) OnFailure?.Invoke();
    }
}
