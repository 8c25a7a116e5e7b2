namespace Faultline.Checker;

/// <summary>
/// Lets one thread sleep until another wakes it; a wake-up that comes first is kept. As with the monitor that would stand
/// behind it, both sides are full fences.
/// </summary>
public sealed class Permit
{
    private readonly object _monitor = new();

    // Guarded by _monitor outside an exploration, and by the baton inside.
    private bool _given;

    internal bool IsGiven => _given;

    /// <summary>Waits until <see cref="Give"/> was called once more than this returned.</summary>
    public void Wait()
    {
        if (ControlledThread.Current is { } thread)
        {
            thread.Park(this, withTimeout: false);
            _given = false;
            return;
        }

        lock (_monitor)
        {
            while (!_given) Monitor.Wait(_monitor);
            _given = false;
        }
    }

    /// <summary>
    /// As <see cref="Wait()"/>, for at most <paramref name="timeout"/>; false if it ran out, which inside an exploration it
    /// does only when no thread can go on.
    /// </summary>
    public bool Wait(TimeSpan timeout)
    {
        bool given;
        if (ControlledThread.Current is { } thread)
        {
            thread.Park(this, withTimeout: true);
            given = _given;
            _given = false;
            return given;
        }

        lock (_monitor)
        {
            if (!_given) Monitor.Wait(_monitor, timeout);
            given = _given;
            _given = false;
            return given;
        }
    }

    /// <summary>Wakes the waiting thread, or lets its next wait return at once.</summary>
    public void Give()
    {
        if (ControlledThread.Current is { } thread)
        {
            thread.Fence();
            _given = true;
            return;
        }

        lock (_monitor)
        {
            _given = true;
            Monitor.Pulse(_monitor);
        }
    }
}
