using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>
/// SIGKILL of an address space: sent once and never taken back. Who waits killably for something that may never come (Linux <c>TASK_KILLABLE</c>) waits for it as well
/// (<c>fatal_signal_pending()</c>).
/// </summary>
/// <remarks>
/// <code>
///   waiter                                 who kills
///   gate: pending? no: on the list         gate: pending; takes the list
///   park                                   unpark each
///   gate: off the list
/// </code>
/// Under one gate the waiter sees the signal, or is seen. A waiter that is woken for another reason at the same moment may keep a permit: its parker must stand that.
/// </remarks>
internal sealed class FatalSignal
{
    // Guards the list, and the store to the word.
    private SpinGate _gate = new(LockRank.LockQueue);
    private readonly HashSet<Parker> _sleepers = [];

    // 1 once sent. Stored by exchange under the gate; read without it too.
    private Word32 _isPending;

    /// <summary>The signal has been sent. Acquire: pairs with the exchange in <see cref="Send"/>.</summary>
    public bool IsPending => _isPending.LoadAcquire() != 0;

    /// <summary>Ends all killable waits, and those that begin later.</summary>
    public void Send()
    {
        _gate.Enter();

        // A full fence: who goes to sleep at a lock that keeps its own list is found there, or finds this (MmapLock.WakeAllToLook).
        _isPending.Exchange(1);
        Parker[] sleepers = [.. _sleepers];
        _gate.Exit();

        // A system call each, and not under the gate.
        foreach (Parker sleeper in sleepers) sleeper.Unpark();
    }

    /// <summary>Sleeps until <paramref name="parker"/> is unparked; false if the signal has come, before or meanwhile.</summary>
    public bool TryPark(Parker parker)
    {
        _gate.Enter();
        bool sleeps = _isPending.LoadRelaxed() == 0;
#if FAULTLINE_EXPLORE
        sleeps |= Mutants.Active == Mutant.SleepWithoutALookAtTheSignal;
#endif
        if (sleeps) _sleepers.Add(parker);
        _gate.Exit();
        if (!sleeps) return false;

        parker.Park();
        _gate.Enter();
        _sleepers.Remove(parker);
        _gate.Exit();
        return !IsPending;
    }
}
