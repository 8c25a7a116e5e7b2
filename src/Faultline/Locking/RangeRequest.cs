using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>One thread's place in a <see cref="RangeLock"/>: from its arrival, through its wait and hold, until later arrivals have unlinked it.</summary>
internal class RangeRequest
{
    /// <summary>Stands in <see cref="_waiters"/> once the range is free again; never linked.</summary>
    private static readonly Sleeper s_closed = new(next: null);

    // The arrival before this one; null if all earlier ones are released. Set before the request is published by the compare-and-swap of the lock's tail; afterwards
    // any thread replaces it, by a release store, with what lies behind a released request. An older value may overwrite a newer: it skips less, never too much.
    private Ref<RangeRequest?> _previous;

    // Threads that sleep until this one is released, newest first; then s_closed. Compare-and-swap by who goes to sleep, exchange by who lets go.
    private Ref<Sleeper?> _waiters;

    // 1 while others may not share. Cleared by the holder's downgrade, by an atomic operation.
    private Word32 _isExclusive;

    private readonly int _kind;

    public RangeRequest(ulong start, ulong end, bool isExclusive, int kind)
    {
        Start = start;
        End = end;
        _kind = kind;
        _isExclusive = new Word32(isExclusive ? 1u : 0u);
    }

    public ulong Start { get; }

    public ulong End { get; }

    /// <summary>What the user does.</summary>
    public virtual int Kind => _kind;

    /// <summary>First of what is held of the range.</summary>
    public virtual ulong FirstHeld => Start;

    /// <summary>How many came before. Set before the request is published.</summary>
    public ulong Number { get; private set; }

    /// <summary>When the hold began, if it is one of those that are measured; else 0. The holder's own.</summary>
    public long HeldSince { get; set; }

    public bool IsExclusive => _isExclusive.LoadAcquire() != 0;

    /// <summary>The range is free again, and what its holder did is visible to who sees this.</summary>
    public bool IsReleased => _waiters.LoadAcquire() == s_closed;

    /// <summary>The thread's place behind <paramref name="tail"/>, not yet published.</summary>
    public void ComeAfter(RangeRequest? tail)
    {
        _previous.StoreRelaxed(tail);
        Number = tail is null ? 0 : tail.Number + 1;
    }

    /// <summary>The last earlier request that is not released; unlinks those that are.</summary>
    public RangeRequest? PreviousLive()
    {
        RangeRequest? first = _previous.LoadAcquire(), live = first;
        while (live is not null && live.IsReleased) live = live._previous.LoadAcquire();
        if (live != first) _previous.StoreRelease(live);
        return live;
    }

    /// <summary>This request has to wait for an earlier one.</summary>
    public bool ConflictsWith(RangeRequest earlier) => earlier.IsInTheWayOf(this);

    /// <summary>A part of [<paramref name="start"/>, <paramref name="end"/>) is held, or waited for.</summary>
    public virtual bool IsHeldWithin(ulong start, ulong end) => Overlaps(start, end) && !IsReleased;

    /// <summary>A later request has to wait for this one.</summary>
    protected virtual bool IsInTheWayOf(RangeRequest later) =>
        Overlaps(later.Start, later.End) && (later.IsExclusive || IsExclusive) && !IsReleased;

    protected bool Overlaps(ulong start, ulong end) => Start < end && start < End;

    /// <summary>Lets go, and wakes who sleeps for it. The exchange releases what the holder did to whoever sees the range free.</summary>
    public void Release() => Wake(_waiters.Exchange(s_closed));

    /// <summary>Others may share from now on; who sleeps looks again.</summary>
    public void Downgrade()
    {
        _isExclusive.Exchange(0);
        WakeAll();
    }

    /// <summary>Who sleeps for this request looks again.</summary>
    protected void WakeAll() => Wake(_waiters.Exchange(null));

    /// <summary>
    /// Sleeps until <paramref name="earlier"/> is released or downgraded, until <paramref name="timeout"/>, or until <paramref name="signal"/> is sent; the caller looks
    /// again. False if the time ran out or the signal came.
    /// </summary>
    /// <remarks>
    /// <code>
    ///   sleeper                                releaser                     downgrader
    ///   push itself (compare-and-swap)         exchange: closed             no longer exclusive
    ///   conflict? no: do not sleep             wake the list                exchange: empty; wake the list
    /// </code>
    /// A push after "closed" fails, one before it is seen. A push after "empty" finds the conflict gone; its place in the list then costs one wake-up in
    /// vain, which is why each sleep has a <see cref="Sleeper"/> of its own.
    /// </remarks>
    public bool SleepFor(RangeRequest earlier, TimeSpan? timeout, FatalSignal? signal)
    {
        Sleeper? head = earlier._waiters.LoadAcquire(), own = null;
        while (head != s_closed)
        {
            own = new Sleeper(head);
            Sleeper? found = earlier._waiters.CompareExchange(own, head);
            if (found == head) break;
            head = found;
        }

        if (own is null || !ConflictsWith(earlier)) return true;
        if (timeout is { } limit) return own.Parker.Park(limit);
        if (signal is not null) return signal.TryPark(own.Parker);
        own.Parker.Park();
        return true;
    }

    private static void Wake(Sleeper? sleeper)
    {
        for (; sleeper is not null; sleeper = sleeper.Next) sleeper.Parker.Unpark();
    }

    /// <summary>A thread asleep.</summary>
    private sealed class Sleeper(Sleeper? next)
    {
        public Parker Parker { get; } = new();

        public Sleeper? Next { get; } = next;
    }
}
