using Faultline.Sync;

namespace Faultline.Traces.Replay;

/// <summary>Replays one recorded thread: each operation after its predecessors, on the space that the recording says.</summary>
internal sealed class ThreadReplay(ReplayRun run, Worker worker, ThreadPlan thread)
{
    private readonly CallReplay _calls = new(run, worker.Tally);
    private RunningSpace? _space;
    private MemoryAccessor? _accessor;
    private int _spaceNumber = -1;

    public void Run()
    {
        try
        {
            if (run.Options.Paced) Replay(new Pace());
            else Replay(pace: null);
        }
        finally
        {
            Leave();
        }
    }

    private void Replay(Pace? pace)
    {
        Recording recording = run.Plan.Recording;
        OperationTable operations = run.Plan.Operations;
        if (pace is not null && thread.Start >= 0) pace.Finish(recording[thread.Start].Time);
        foreach (int operation in thread.Operations)
        {
            foreach (int predecessor in operations.PredecessorsOf(operation))
            {
                if (!run.WaitFor(predecessor, worker)) return;
            }

            ref readonly TraceEvent e = ref recording[operation];
            pace?.Wait(e.Time, run.Completion);
            if (run.Completion.IsStopped) return;
            Replay(e);
            pace?.Finish(e.Kind == EventKind.Call ? e.Call.ExitTime : e.Time);
            worker.CountDone();
            if (operations.HasFollowers(operation)) run.Completion.Set(operation);
        }
    }

    private void Replay(in TraceEvent e)
    {
        if (e.Kind == EventKind.Exec)
        {
            Leave();
            _space = run.Publish(e.Space, ImageReplay.Create(run, e));
            _spaceNumber = e.Space;
            return;
        }

        Enter(e.Space);
        switch (e.Kind)
        {
            case EventKind.Fault:
                FaultReplay.Touch(run, worker, _accessor ??= _space!.Space.CreateAccessor(), e);
                break;
            case EventKind.Call:
                _calls.Replay(_space!.Space, e);
                break;
            case EventKind.Fork:
                Fork(e);
                break;
        }
    }

    private void Fork(in TraceEvent e)
    {
        if (!e.Fork.SharesSpace)
        {
            if (_space!.Space.TryFork(out AddressSpace? child) != Errno.None) throw run.Exhausted();
            run.PublishFork(e.Fork.ChildSpace, child!);
        }

        if (run.Plan.StartedBy.TryGetValue(e.Index, out ThreadPlan? started)) run.Start(started);
    }

    private void Enter(int space)
    {
        if (_spaceNumber == space) return;
        Leave();
        _space = run.Space(space);
        _spaceNumber = space;
    }

    private void Leave()
    {
        _accessor?.Dispose();
        _accessor = null;
        if (_space is not null) run.Leave(_space);
        _space = null;
    }

    /// <summary>Keeps the recorded time between the end of one operation and the begin of the next.</summary>
    private sealed class Pace
    {
        private readonly Parker _sleep = new();
        private long _recorded;
        private long _ended;

        public void Finish(long recorded)
        {
            _recorded = recorded;
            _ended = Clock.Timestamp;
        }

        public void Wait(long recorded, Completion completion)
        {
            if (_ended == 0) return; // the first operation of a thread that was there from the start
            long gap = recorded - _recorded;
            long left;
            while ((left = gap - Clock.Nanoseconds(_ended, Clock.Timestamp)) > ShortestSleep)
            {
                if (completion.IsStopped) return;

                // Half of it, because a sleep may be late; and not for long, because nobody wakes it when the replay is stopped.
                _sleep.Park(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Min(left / 2, LongestSleep) / NanosecondsPerMillisecond)));
            }

            var backoff = new Backoff();
            while (Clock.Nanoseconds(_ended, Clock.Timestamp) < gap) backoff.Wait();
        }

        private const double NanosecondsPerMillisecond = 1e6;

        // A shorter wait is spent awake: the host's timer is no better.
        private const long ShortestSleep = 2_000_000, LongestSleep = 50_000_000;
    }
}
