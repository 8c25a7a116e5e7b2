using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>A mutual-exclusion lock whose waiters sleep, in order of arrival: for work that waits for devices. Not re-entrant.</summary>
/// <param name="rank">Its place in the lock order.</param>
internal sealed class SleepLock(LockRank rank)
{
    // Guards the two fields below.
    private SpinGate _gate = new(LockRank.LockQueue);
    private bool _held;
    private readonly Queue<Parker> _waiting = [];

    /// <summary>Takes the lock. Outside sections and spin locks.</summary>
    public void Enter()
    {
        LockOrder.Waiting(rank);
        Parker? parker = null;
        _gate.Enter();
        if (_held) _waiting.Enqueue(parker = new Parker());
        else _held = true;
        _gate.Exit();

        // The lock is handed over: it is ours when we wake.
        parker?.Park();
        LockOrder.Entered(rank);
    }

    /// <summary>Frees the lock, or gives it to who has waited longest.</summary>
    public void Exit()
    {
        LockOrder.Exited(rank);
        _gate.Enter();
        if (!_waiting.TryDequeue(out Parker? next)) _held = false;
        _gate.Exit();
        next?.Unpark();
    }
}
