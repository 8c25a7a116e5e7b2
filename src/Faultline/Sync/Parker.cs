namespace Faultline.Sync;

/// <summary>
/// Lets one thread sleep until another wakes it. A wake-up that comes first is kept, so the usual order is: announce
/// the wait, check the condition again, park.
/// </summary>
internal sealed class Parker
{
    private readonly object _monitor = new();

    // Guarded by _monitor.
    private bool _permit;

    /// <summary>Sleeps until <see cref="Unpark"/> was called once more than this returned.</summary>
    public void Park()
    {
        lock (_monitor)
        {
            while (!_permit) Monitor.Wait(_monitor);
            _permit = false;
        }
    }

    /// <summary>As <see cref="Park()"/>, for at most <paramref name="timeout"/>; false if it ran out.</summary>
    public bool Park(TimeSpan timeout)
    {
        lock (_monitor)
        {
            if (!_permit) Monitor.Wait(_monitor, timeout);
            bool woken = _permit;
            _permit = false;
            return woken;
        }
    }

    /// <summary>Wakes the parked thread, or lets its next <see cref="Park()"/> return at once.</summary>
    public void Unpark()
    {
        lock (_monitor)
        {
            _permit = true;
            Monitor.Pulse(_monitor);
        }
    }
}
