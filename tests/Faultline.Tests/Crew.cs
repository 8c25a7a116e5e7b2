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
    public void RunFor(TimeSpan time) => RunFor(time, () => true);

    /// <summary>
    /// As the other form, but goes on until <paramref name="hasRaced"/>, within bounds: on a busy machine the threads may not have met in the time. Who asks for it asserts it
    /// afterwards.
    /// </summary>
    public void RunFor(TimeSpan time, Func<bool> hasRaced)
    {
        long start = Environment.TickCount64, end = start + (long)time.TotalMilliseconds, last = end + (long)s_patience.TotalMilliseconds;
        while (!_stopped && (Environment.TickCount64 < end || (Environment.TickCount64 < last && !hasRaced()))) Thread.Sleep(10);
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
