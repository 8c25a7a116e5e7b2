namespace Faultline.Checker;

/// <summary>Lets one thread go on. Passed at most once before it is taken.</summary>
internal sealed class Baton
{
    // Most threads hand the baton back within a microsecond; waking a sleeper takes ten.
    private const int SpinsBeforeSleep = 200;

    private const int Empty = 0, Passed = 1, Asleep = 2;

    private readonly object _monitor = new();

    // Empty to Asleep by the taker, anything to Passed by the passer, Passed to Empty by the taker.
    private int _state;

    /// <summary>Lets the thread that waits, or will wait, go on. What was written before is visible to it.</summary>
    public void Pass()
    {
        if (Interlocked.Exchange(ref _state, Passed) != Asleep) return;

        // The taker looks at the state again once it has the monitor, so the pulse cannot come too early.
        lock (_monitor) Monitor.Pulse(_monitor);
    }

    /// <summary>Waits for <see cref="Pass"/>.</summary>
    public void Take()
    {
        for (int i = 0; i < SpinsBeforeSleep && Volatile.Read(ref _state) != Passed; i++) Thread.SpinWait(1);

        if (Interlocked.CompareExchange(ref _state, Asleep, Empty) == Empty)
        {
            lock (_monitor)
            {
                while (Volatile.Read(ref _state) == Asleep) Monitor.Wait(_monitor);
            }
        }

        Volatile.Write(ref _state, Empty);
    }
}
