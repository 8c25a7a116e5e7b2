using System.Runtime.ExceptionServices;

namespace Faultline.Tests;

/// <summary>Threads that work together: the first failure stops all of them and becomes the test's. A thread that hangs fails the test too.</summary>
internal sealed class Crew
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly List<Thread> _threads = [];
    private volatile bool _stopped;
    private ExceptionDispatchInfo? _failure;

    /// <summary>True once the work is to end: time is up, or a thread failed.</summary>
    public bool IsStopped => _stopped;

    public void Start(Action body)
    {
        var thread = new Thread(() =>
        {
            try
            {
                body();
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
                _stopped = true;
            }
        })
        { IsBackground = true };
        _threads.Add(thread);
        thread.Start();
    }

    /// <summary>Runs <paramref name="round"/> again and again until the crew is stopped.</summary>
    public void StartLoop(Action<int> round) => Start(() =>
    {
        for (int i = 0; !_stopped; i++) round(i);
    });

    /// <summary>Lets the loops run for a time, then ends them.</summary>
    public void RunFor(TimeSpan time)
    {
        long end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        while (!_stopped && Environment.TickCount64 < end) Thread.Sleep(10);
        _stopped = true;
        Join();
    }

    public void Join()
    {
        foreach (Thread thread in _threads)
        {
            bool ended = thread.Join(s_patience);
            _failure?.Throw();
            Assert.True(ended, "A thread never ended.");
        }

        _failure?.Throw();
    }
}
