using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>Who waited for an <see cref="MmapLock"/>, how long and behind whom. Every member is called under the lock's gate.</summary>
/// <remarks>
/// Each holder's time is booked once, to an account per user, when it leaves while somebody waits; a waiter remembers the accounts at
/// its start and takes the difference at its end. So a wait behind several holders is split among them, and a release costs the same
/// however many threads wait. Rejected: blaming the holder seen first, which hides the second unmap of a pair; and visiting every waiter at every release.
/// </remarks>
internal sealed class LockAccounts
{
    // Clock readings and differences of them, not nanoseconds. All guarded by the lock's gate.
    private readonly long[] _heldWhileWaited = new long[LockUsers.Count];
    private readonly long[] _blame = new long[LockUsers.Count * LockUsers.Count];
    private readonly long[] _waits = new long[LockUsers.Count];
    private readonly long[] _waited = new long[LockUsers.Count];
    private readonly long[] _longest = new long[LockUsers.Count];
    private long _bookedUntil;

    /// <summary>The queue was empty until now: earlier time is nobody's.</summary>
    public void Start(long now) => _bookedUntil = now;

    /// <summary>Books the time since the last booking to whoever held the lock.</summary>
    public void Book(LockUser holder, long now)
    {
        _heldWhileWaited[(int)holder] += now - _bookedUntil;
        _bookedUntil = now;
    }

    /// <summary>A thread that waited awake so far enters the queue; <paramref name="holder"/> held the lock when it came.</summary>
    public void Queue(LockWaiter waiter, LockUser holder, long now)
    {
        Blame(waiter.User, holder) += now - waiter.Since;
        _heldWhileWaited.CopyTo(waiter.AccountsBefore, 0);
    }

    /// <summary>The waiter gets the lock, which <paramref name="holder"/> held last; time is booked until <paramref name="now"/>.</summary>
    public void Grant(LockWaiter waiter, LockUser holder, long now)
    {
        waiter.GrantedAt = now;
        waiter.GrantedAfter = holder;
        for (int i = 0; i < LockUsers.Count; i++)
        {
            Blame(waiter.User, (LockUser)i) += _heldWhileWaited[i] - waiter.AccountsBefore[i];
        }
    }

    /// <summary>The waiter runs again: what waking it took belongs to its wait.</summary>
    public void Finish(LockWaiter waiter, long now)
    {
        Blame(waiter.User, waiter.GrantedAfter) += now - waiter.GrantedAt;
        Count(waiter.User, now - waiter.Since);
    }

    /// <summary>A wait that ended before it came to the queue.</summary>
    public void FinishAwake(LockUser waiter, LockUser holder, long since, long now)
    {
        Blame(waiter, holder) += now - since;
        Count(waiter, now - since);
    }

    /// <summary>The figures so far, in nanoseconds.</summary>
    public void CopyTo(LockStatistics statistics)
    {
        for (int i = 0; i < LockUsers.Count; i++)
        {
            statistics.SetWaits((LockUser)i, _waits[i], Clock.Nanoseconds(0, _waited[i]), Clock.Nanoseconds(0, _longest[i]));
            for (int j = 0; j < LockUsers.Count; j++)
            {
                statistics.SetBlame((LockUser)i, (LockUser)j, Clock.Nanoseconds(0, Blame((LockUser)i, (LockUser)j)));
            }
        }
    }

    private ref long Blame(LockUser waiter, LockUser holder) => ref _blame[((int)waiter * LockUsers.Count) + (int)holder];

    private void Count(LockUser user, long duration)
    {
        _waits[(int)user]++;
        _waited[(int)user] += duration;
        _longest[(int)user] = Math.Max(_longest[(int)user], duration);
    }
}
