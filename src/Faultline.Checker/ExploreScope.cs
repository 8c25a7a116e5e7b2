namespace Faultline.Checker;

/// <summary>
/// One schedule's program. The body of <see cref="Explore.Run"/> sets its data up, uncontrolled, and names what runs.
/// </summary>
public sealed class ExploreScope
{
    /// <summary>Schedules name threads by one letter.</summary>
    private const int MaxThreads = 26;

    private readonly List<Action> _threads = [];
    private readonly List<Action> _checks = [];
    private readonly List<Action> _cleanups = [];

    internal IReadOnlyList<Action> Threads => _threads;

    /// <summary>Adds a controlled thread. It starts after the body has returned, when the schedule says so.</summary>
    /// <exception cref="InvalidOperationException">There are 26 threads already.</exception>
    public void Spawn(Action thread)
    {
        ArgumentNullException.ThrowIfNull(thread);
        if (_threads.Count == MaxThreads) throw new InvalidOperationException($"A program has at most {MaxThreads} threads.");
        _threads.Add(thread);
    }

    /// <summary>Adds a check that runs after all threads have ended and all their stores have arrived. It fails by throwing.</summary>
    public void AtEnd(Action check)
    {
        ArgumentNullException.ThrowIfNull(check);
        _checks.Add(check);
    }

    /// <summary>Adds an action that runs after the schedule, whether it failed or not.</summary>
    public void Cleanup(Action cleanup)
    {
        ArgumentNullException.ThrowIfNull(cleanup);
        _cleanups.Add(cleanup);
    }

    internal void RunChecks()
    {
        foreach (var check in _checks) check();
    }

    internal void RunCleanups()
    {
        foreach (var cleanup in _cleanups) cleanup();
    }
}
