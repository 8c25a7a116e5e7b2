namespace Faultline.Checker;

/// <summary>What must hold before a thread can go on.</summary>
internal enum ThreadState
{
    /// <summary>Nothing.</summary>
    Ready,

    /// <summary>Nothing, but it wants others to run first.</summary>
    Yielding,

    /// <summary>Its store buffer is empty.</summary>
    Draining,

    /// <summary>Its store buffer has room.</summary>
    Full,

    /// <summary>Something that it read has changed.</summary>
    Spinning,

    /// <summary>Its permit was given and its store buffer is empty.</summary>
    Parked,

    /// <summary>As <see cref="Parked"/>, or no other thread can go on.</summary>
    ParkedWithTimeout,

    /// <summary>It has ended.</summary>
    Finished,
}

/// <summary>One operating-system thread that runs one controlled thread after the other.</summary>
/// <remarks>All fields belong to whoever holds the baton of the exploration.</remarks>
internal sealed class ControlledThread
{
    /// <summary>So many operations may a failed schedule's <c>finally</c> blocks do; more look like a loop.</summary>
    private const int MaxStepsAfterFailure = 10_000;

    [ThreadStatic]
    private static ControlledThread? t_current;

    private readonly Scheduler _scheduler;
    private Action? _body;
    private Permit? _permit;
    private int _stepsAfterFailure;

    public ControlledThread(Scheduler scheduler, int index)
    {
        _scheduler = scheduler;
        Index = index;
        var thread = new Thread(Run) { IsBackground = true, Name = $"Explored thread {ScheduleText.ThreadName(index)}" };
        thread.Start();
    }

    /// <summary>The controlled thread that calls, or null.</summary>
    public static ControlledThread? Current => t_current;

    public Scheduler Scheduler => _scheduler;

    public int Index { get; }

    public Baton Baton { get; } = new();

    public StoreBuffer Buffer { get; } = new();

    public ThreadState State { get; private set; }

    /// <summary>A choice was made to leave the buffer alone; it is not empty.</summary>
    public bool HoldsStores { get; set; }

    private ReadSet Reads { get; } = new();

    public bool CanGoOn => State switch
    {
        ThreadState.Ready or ThreadState.Yielding => true,
        ThreadState.Draining => Buffer.IsEmpty,
        ThreadState.Full => !Buffer.IsFull,
        ThreadState.Spinning => Reads.HasChanged(Buffer),
        ThreadState.Parked or ThreadState.ParkedWithTimeout => Buffer.IsEmpty && _permit!.IsGiven,
        _ => false,
    };

    public void Prepare(Action body)
    {
        _body = body;
        _permit = null;
        _stepsAfterFailure = 0;
        State = ThreadState.Ready;
        HoldsStores = false;
        Reads.Clear();
    }

    public Value Load(in Location location)
    {
        Step(ThreadState.Ready);
        var value = Buffer.Load(location);
        Reads.Add(location, value);
        _scheduler.Trace?.Add(Index, "load", location, value);
        return value;
    }

    public void Store(in Location location, Value value)
    {
        if (_scheduler.BuffersStores)
        {
            // Nobody sees a store enter the buffer, so nothing is to be chosen here unless there is no room.
            if (Buffer.IsFull) Step(ThreadState.Full);
            Buffer.Add(location, value);
            _scheduler.Trace?.Add(Index, "store", location, value);
            return;
        }

        Step(ThreadState.Ready);
        location.Write(value);
        _scheduler.Trace?.Add(Index, "store", location, value);
    }

    public Value Modify(in Location location, Update update, Value operand, Value comparand)
    {
        Step(ThreadState.Draining);
        var old = location.Read();
        Reads.Add(location, old);
        var changed = update == Update.CompareExchange && !old.Is(comparand)
            ? old
            : new Value(update.Apply(old.Bits, operand.Bits, comparand.Bits) & location.Mask, operand.Reference);
        location.Write(changed);
        _scheduler.Trace?.AddModify(Index, update, location, old, changed);
        return old;
    }

    public void Fence()
    {
        Step(ThreadState.Draining);
        _scheduler.Trace?.Add(Index, "fence");
    }

    public void Yield()
    {
        _scheduler.Trace?.Add(Index, "yield");
        Step(ThreadState.Yielding);
        Reads.Clear();
    }

    public void Spin()
    {
        _scheduler.Trace?.Add(Index, "spin");
        Step(ThreadState.Spinning);
        Reads.Clear();
    }

    public void Park(Permit permit, bool withTimeout)
    {
        _permit = permit;
        _scheduler.Trace?.Add(Index, "park");
        Step(withTimeout ? ThreadState.ParkedWithTimeout : ThreadState.Parked);
        _scheduler.Trace?.Add(Index, "unparked");
    }

    /// <summary>Lets the schedule decide what happens until this thread goes on, which it does when <paramref name="wait"/> holds.</summary>
    private void Step(ThreadState wait)
    {
        if (!_scheduler.HasFailed)
        {
            State = wait;
            _scheduler.Step(this);
            State = ThreadState.Ready;
            if (!_scheduler.HasFailed) return;
        }

        // The schedule is over. The thread unwinds; its finally blocks act directly, unless they wait for others.
        if (_stepsAfterFailure++ is 0 or > MaxStepsAfterFailure || wait is ThreadState.Spinning or ThreadState.Parked)
            throw new AbandonedException();
    }

    private void Run()
    {
        t_current = this;
        while (true)
        {
            Baton.Take();
            if (_scheduler.IsDisposed) return;

            // A schedule that failed before this thread's first step: there is nothing to unwind.
            if (!_scheduler.HasFailed) RunBody();
            State = ThreadState.Finished;
            _scheduler.Leave(this);
        }
    }

    private void RunBody()
    {
        try
        {
            _body!();
        }
        catch (AbandonedException)
        {
        }
        catch (Exception exception) when (FailBeforeUnwinding(exception))
        {
        }
    }

    /// <summary>A filter runs before the finally blocks: from here on they are not scheduled and cannot hide what happened.</summary>
    private bool FailBeforeUnwinding(Exception exception)
    {
        if (exception is AbandonedException) return true;
        _stepsAfterFailure = 1;
        _scheduler.Fail(new Failure(
            FindingKind.Exception, $"{exception.GetType().Name}: {exception.Message}", Index, exception));
        return true;
    }
}
