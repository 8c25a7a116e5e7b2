using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>A mutual-exclusion lock whose waiters sleep, in order of arrival: for work that waits for devices. Not re-entrant.</summary>
internal sealed class SleepLock
{
    // Guards the two fields below.
    private SpinGate _gate;
    private bool _held;
    private readonly Queue<Parker> _waiting = [];

    /// <summary>Takes the lock. Outside sections and spin locks.</summary>
    public void Enter()
    {
        Parker? parker = null;
        _gate.Enter();
        if (_held) _waiting.Enqueue(parker = new Parker());
        else _held = true;
        _gate.Exit();

        // The lock is handed over: it is ours when we wake.
        parker?.Park();
    }

    /// <summary>Frees the lock, or gives it to who has waited longest.</summary>
    public void Exit()
    {
        _gate.Enter();
        if (!_waiting.TryDequeue(out Parker? next)) _held = false;
        _gate.Exit();
        next?.Unpark();
    }
}
