using Faultline.Locking;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>The page locks of one file, with those who sleep until one is free (Linux <c>folio_lock()</c>, <c>folio_wait_locked()</c>).</summary>
/// <remarks>
/// A page lock is a bit in the frame's state, held while contents are read, written back, cut off or reclaimed: over I/O, so its waiters sleep. Everyone who takes it
/// or waits for it holds a reference to the frame.
/// <code>
///   waiter (gate held)                     holder
///   set HasWaiters (atomic)                clear PageLocked and HasWaiters (one atomic)
///   was it locked? add to the list         had it HasWaiters? take the gate, wake
/// </code>
/// The two atomic operations are on one word: either the waiter finds the lock free, or the holder finds the waiter.
/// </remarks>
internal sealed class PageWaiters
{
    // Guards the list.
    private SpinGate _gate = new(LockRank.PageWaiters);
    private readonly List<Waiter> _waiting = [];

    private static bool TryTake(ref FrameInfo frame) => frame.TryLockPage();

    /// <summary>Takes a page's lock; false, and not taken, if <paramref name="signal"/> is sent before. Outside sections and spin locks.</summary>
    public bool TryEnter(uint pfn, ref FrameInfo frame, FatalSignal? signal)
    {
        LockOrder.Waiting(LockRank.Page, frame.OwnerIndex);
        while (!TryTake(ref frame))
        {
            if (!TryWait(pfn, ref frame, signal)) return false;
        }

        LockOrder.Entered(LockRank.Page, frame.OwnerIndex);
        return true;
    }

    /// <summary>Takes a page's lock if it is free.</summary>
    public static bool TryEnter(ref FrameInfo frame)
    {
        if (!TryTake(ref frame)) return false;
        LockOrder.Tried(LockRank.Page, frame.OwnerIndex);
        return true;
    }

    /// <summary>
    /// Sleeps until the lock was free for a moment; false if <paramref name="signal"/>, where there is one, is sent before. Outside sections and spin locks.
    /// </summary>
    public bool TryWait(uint pfn, ref FrameInfo frame, FatalSignal? signal)
    {
        LockOrder.Waiting(LockRank.Page, frame.OwnerIndex);
        var waiter = new Waiter(pfn, new Parker());
        _gate.Enter();
        uint before = Native.Or(ref frame.StateWord, (uint)FrameState.HasWaiters);
        bool isLocked = (before & (uint)FrameState.PageLocked) != 0;
        if (isLocked) _waiting.Add(waiter);
        _gate.Exit();
        if (!isLocked) return true;
        if (signal is null) waiter.Parker.Park();
        else if (!signal.TryPark(waiter.Parker)) return Leave(waiter);
        return true;
    }

    /// <summary>The waiter is killed. Nobody relies on it: the holder wakes all who wait for the page.</summary>
    private bool Leave(Waiter waiter)
    {
        _gate.Enter();
        _waiting.Remove(waiter);
        _gate.Exit();
        return false;
    }

    /// <summary>Frees a page's lock. Publishes what was done to the page: the atomic operation is a full fence.</summary>
    public void Exit(uint pfn, ref FrameInfo frame)
    {
        LockOrder.Exited(LockRank.Page, frame.OwnerIndex);
        uint before = Native.And(ref frame.StateWord, ~(uint)(FrameState.PageLocked | FrameState.HasWaiters));
        if ((before & (uint)FrameState.HasWaiters) == 0) return;
        _gate.Enter();
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].Frame != pfn) continue;
            _waiting[i].Parker.Unpark();
            _waiting.RemoveAt(i);
        }

        _gate.Exit();
    }

    private readonly record struct Waiter(uint Frame, Parker Parker);
}
