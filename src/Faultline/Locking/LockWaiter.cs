using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>One thread in the queue of an <see cref="MmapLock"/>. Re-used: a fault that waits allocates nothing in the steady state.</summary>
internal sealed class LockWaiter
{
    /// <summary>The thread looks by itself, or will before it sleeps.</summary>
    public const uint Awake = 0;

    /// <summary>The thread sleeps or is about to; whoever replaces this state owes it exactly one <see cref="Parker.Unpark"/>.</summary>
    public const uint Parked = 1;

    /// <summary>The lock is the thread's, who no longer stands in the queue.</summary>
    public const uint Granted = 2;

    // One of the three above. Granted is written under the gate and publishes the lock to the thread, which loads with acquire.
    public Word32 State;

    public Parker Parker { get; } = new();

    // All below: written by the thread before it queues, then guarded by the lock's gate until it is granted.
    public LockUser User;
    public bool IsWriter;

    /// <summary>When the wait began: a reading of <see cref="Clock"/>.</summary>
    public long Since;

    /// <summary>When the lock was granted, and the user who held it last before.</summary>
    public long GrantedAt;
    public LockUser GrantedAfter;

    /// <summary>The lock's accounts of time held per user, as they stood when this thread queued.</summary>
    public readonly long[] AccountsBefore = new long[LockUsers.Count];

    /// <summary>Next in the queue; then, of parked readers granted together, next to wake; then next in the pool.</summary>
    public LockWaiter? Next;
}
