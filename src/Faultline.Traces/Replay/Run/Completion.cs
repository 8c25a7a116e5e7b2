using Faultline.Sync;

namespace Faultline.Traces.Replay;

/// <summary>Which operations are complete, and who sleeps until one is.</summary>
internal sealed class Completion(int operations)
{
    private const uint Pending = 0, Awaited = 1, Complete = 2;

    // One of the three above. Exchange to Complete publishes what the operation did; waiters load with acquire.
    private readonly Word32[] _states = new Word32[operations];

    // Sleepers by operation, entered only while the operation is Awaited. Guarded by _gate.
    private readonly Dictionary<int, List<Parker>> _sleepers = [];
    private SpinGate _gate;

    // 1 once the replay has failed: nobody waits any more.
    private Word32 _stopped;

    public bool IsStopped => _stopped.LoadAcquire() != 0;

    public bool IsComplete(int operation) => _states[operation].LoadAcquire() == Complete;

    /// <summary>Says that the operation has been done, and wakes who waits for it.</summary>
    public void Set(int operation)
    {
        if (_states[operation].Exchange(Complete) == Awaited) Wake(operation);
    }

    /// <summary>Spins for a moment; true if the operation is complete or the replay has stopped.</summary>
    public bool TrySpin(int operation)
    {
        var backoff = new Backoff();
        while (!IsComplete(operation))
        {
            if (backoff.ShouldPark) return IsStopped;
            backoff.Wait();
        }

        return true;
    }

    /// <summary>Sleeps until the operation is complete or the replay has stopped.</summary>
    /// <remarks>
    /// <code>
    ///   sleeper (gate held)                  completer
    ///   Pending → Awaited, or see Complete   exchange to Complete: sees Awaited
    ///   enter itself, leave the gate         take the gate, take out and wake all
    /// </code>
    /// A completer that sees Pending came first, and the sleeper sees Complete.
    /// </remarks>
    public void Sleep(int operation, Parker parker)
    {
        _gate.Enter();
        bool sleeps = !IsStopped && _states[operation].CompareExchange(Awaited, Pending) != Complete;
        if (sleeps)
        {
            if (!_sleepers.TryGetValue(operation, out List<Parker>? sleepers)) _sleepers.Add(operation, sleepers = []);
            sleepers.Add(parker);
        }

        _gate.Exit();
        if (sleeps) parker.Park();
    }

    /// <summary>Lets everybody go: the replay has failed.</summary>
    public void Stop()
    {
        _stopped.Exchange(1);
        _gate.Enter();
        List<Parker> all = [.. _sleepers.Values.SelectMany(sleepers => sleepers)];
        _sleepers.Clear();
        _gate.Exit();
        foreach (Parker parker in all) parker.Unpark();
    }

    private void Wake(int operation)
    {
        _gate.Enter();
        _sleepers.Remove(operation, out List<Parker>? sleepers);
        _gate.Exit();
        if (sleepers is null) return;
        foreach (Parker parker in sleepers) parker.Unpark();
    }
}
