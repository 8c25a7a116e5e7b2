namespace Faultline.Tests.Locking;

/// <summary>A thread whose failure becomes the test's, and of which one can tell whether it sleeps in a lock.</summary>
internal sealed class LockThread
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly Thread _thread;
    private Exception? _failure;

    private LockThread(Action body)
    {
        _thread = new Thread(() =>
        {
            try
            {
                body();
            }
            catch (Exception e)
            {
                _failure = e;
            }
        })
        { IsBackground = true };
        _thread.Start();
    }

    public static LockThread Start(Action body) => new(body);

    /// <summary>Starts a thread that is expected to sleep in the lock, and returns when it does: the order of calls is the order of the queue.</summary>
    public static LockThread StartAndPark(Action body)
    {
        var thread = new LockThread(body);
        Until(() => thread.IsParked, "the thread never parked");
        return thread;
    }

    public bool IsParked => (_thread.ThreadState & ThreadState.WaitSleepJoin) != 0;

    public bool HasEnded => !_thread.IsAlive;

    public void Join()
    {
        Assert.True(_thread.Join(s_patience), "the thread never ended");
        if (_failure is not null) throw new InvalidOperationException("a thread failed: " + _failure.Message, _failure);
    }

    public static void Until(Func<bool> condition, string otherwise) => Assert.True(SpinWait.SpinUntil(condition, s_patience), otherwise);
}
