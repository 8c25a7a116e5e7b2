using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>
/// A reader/writer lock over ranges of a 64-bit space: requests that do not overlap, or that both share, never wait for each other.
/// </summary>
/// <remarks>
/// <para>The idea is that of Kogan, Dice and Issa, <em>Scalable Range Locks for Scalable Address Spaces and Beyond</em> (EuroSys 2020): a linked list of requests
/// instead of a tree under a spin lock; a request enters by one compare-and-swap, leaves by marking itself, and is unlinked by those who pass. Theirs is
/// sorted by address; this one by arrival:</para>
/// <code>
///   tail → [40,50) w → [10,30) r → [0,20) r → [60,90) w → null       newest to oldest
///             ↑ released ones are skipped and unlinked
/// </code>
/// <para>A request waits for each earlier one that it conflicts with, and for nobody else. So it is fair without further means, and the bound of a wait is stated
/// easily: the holds of those that came before and overlap it, directly or through others that overlap. In the sorted list a writer can be passed by readers for ever, which the paper
/// mends with a second lock. What arrival order costs: a request looks at all live ones and not only at those below its end. There are as many
/// as threads inside calls.</para>
/// <para>A thread that asks for one place again and again gets a lease of it and does not queue any more, until somebody else wants some of it (<see cref="RangeLease"/>).</para>
/// <para>Not re-entrant. Ranges are [start, end) with start below end; the lock does not know what lies in them.</para>
/// </remarks>
public sealed class RangeLock
{
    // The last arrival, null before the first; the others hang behind it. Replaced by compare-and-swap, which publishes the new request.
    private Ref<RangeRequest?> _tail;

    private readonly RangeLockAccounts _accounts;
    private readonly RangeLeases _leases;

    /// <summary>Makes a lock whose ranges are free.</summary>
    /// <param name="kinds">How many kinds of users the statistics tell apart, at least 1.</param>
    public RangeLock(int kinds = 1)
        : this(kinds, RangeLeases.DefaultPatience)
    {
    }

    /// <summary>The same, with a number of requests after which a thread gets a lease.</summary>
    internal RangeLock(int kinds, int patience)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(kinds, 1);
        _accounts = new RangeLockAccounts(kinds);
        _leases = new RangeLeases(patience);
    }

    /// <summary>Takes a range; waits for earlier requests that overlap it, unless both share.</summary>
    /// <param name="start">First of the range.</param>
    /// <param name="end">First after the range; above <paramref name="start"/>.</param>
    /// <param name="isExclusive">True to exclude everybody else, false to share.</param>
    /// <param name="kind">What the user does, for the statistics: 0 to the number of kinds minus 1.</param>
    /// <returns>The hold, to be disposed of by any thread, once.</returns>
    public RangeHold Enter(ulong start, ulong end, bool isExclusive, int kind = 0)
    {
        Check(start, end, kind);
        if (TryTakePart(start, end, isExclusive, kind, out RangeHold hold)) return hold;
        var request = new RangeRequest(start, end, isExclusive, kind);
        Publish(request);
        _ = TryWait(request, timeout: null, signal: null);
        return Granted(request);
    }

    /// <summary>As the other form; false, and nothing is held, if <paramref name="signal"/> is sent before the range is free.</summary>
    internal bool TryEnter(ulong start, ulong end, bool isExclusive, LockUser user, FatalSignal signal, out RangeHold hold)
    {
        Check(start, end, (int)user);
        if (TryTakePart(start, end, isExclusive, (int)user, out hold)) return true;
        var request = new RangeRequest(start, end, isExclusive, (int)user);
        Publish(request);
        bool entered = TryWait(request, timeout: null, signal);
        if (!entered) request.Release();
        hold = entered ? Granted(request) : default;
        return entered;
    }

    /// <summary>As <see cref="Enter"/>, for at most <paramref name="timeout"/>.</summary>
    /// <param name="start">First of the range.</param>
    /// <param name="end">First after the range; above <paramref name="start"/>.</param>
    /// <param name="isExclusive">True to exclude everybody else, false to share.</param>
    /// <param name="timeout">How long to wait. Meanwhile later requests wait behind this one, as they would if it succeeded.</param>
    /// <param name="hold">The hold; default if the call returns false.</param>
    /// <param name="kind">What the user does, for the statistics.</param>
    /// <returns>False if the time ran out; nothing is held then.</returns>
    public bool TryEnter(ulong start, ulong end, bool isExclusive, TimeSpan timeout, out RangeHold hold, int kind = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        Check(start, end, kind);
        if (TryTakePart(start, end, isExclusive, kind, out hold)) return true;
        var request = new RangeRequest(start, end, isExclusive, kind);
        Publish(request);
        bool entered = TryWait(request, timeout, signal: null);
        if (!entered) request.Release();
        hold = entered ? Granted(request) : default;
        return entered;
    }

    /// <summary>As <see cref="Enter"/>, but never waits.</summary>
    /// <param name="start">First of the range.</param>
    /// <param name="end">First after the range; above <paramref name="start"/>.</param>
    /// <param name="isExclusive">True to exclude everybody else, false to share.</param>
    /// <param name="hold">The hold; default if the call returns false.</param>
    /// <param name="kind">What the user does, for the statistics.</param>
    /// <returns>False if somebody holds, or waits for, a range in conflict.</returns>
    public bool TryEnter(ulong start, ulong end, bool isExclusive, out RangeHold hold, int kind = 0) =>
        TryEnter(start, end, isExclusive, out hold, out _, kind);

    /// <summary>As the other form; if it returns false, <paramref name="heldFrom"/> is where a range in conflict begins.</summary>
    internal bool TryEnter(ulong start, ulong end, bool isExclusive, out RangeHold hold, out ulong heldFrom, int kind)
    {
        Check(start, end, kind);
        heldFrom = 0;
        if (TryTakePart(start, end, isExclusive, kind, out hold)) return true;
        var request = new RangeRequest(start, end, isExclusive, kind);
        bool entered = TryPublish(request, out heldFrom);
        if (entered) hold = Granted(request);
        return entered;
    }

    /// <summary>
    /// Somebody holds, or waits for, a part of a range. For who takes something away that holders of the range may use, and puts it back if there are any:
    /// </summary>
    /// <remarks>
    /// <code>
    ///   holder                              taker
    ///   range: held     (full fence)        take away
    ///   use what is there                   full fence
    ///                                       range held? put back
    /// </code>
    /// Either the taker sees the holder, or the holder finds nothing to use.
    /// </remarks>
    internal bool IsHeld(ulong start, ulong end)
    {
        for (RangeRequest? other = _tail.LoadAcquire(); other is not null; other = other.PreviousLive())
        {
            if (other.IsHeldWithin(start, end)) return true;
        }

        return false;
    }

    /// <summary>Who waited, how long and behind whom.</summary>
    public RangeLockStatistics Statistics() => _accounts.Snapshot();

    /// <summary>Requests that are held or waited for, and leases; for tests.</summary>
    internal int CountLive()
    {
        int count = 0;
        RangeRequest? other = _tail.LoadAcquire();
        if (other is { IsReleased: true }) other = other.PreviousLive();
        for (; other is not null; other = other.PreviousLive()) count++;
        return count;
    }

    internal void Exit(RangeRequest request)
    {
        if (request.HeldSince != 0) _accounts.AddHold(request.Kind, Clock.Timestamp - request.HeldSince);
        request.Release();
    }

    internal void Exit(RangeLease lease)
    {
        if (lease.PartHeldSince != 0) _accounts.AddHold(lease.Kind, Clock.Timestamp - lease.PartHeldSince);
        lease.Leave();
    }

    private void Check(ulong start, ulong end, int kind)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(start, end);
        ArgumentOutOfRangeException.ThrowIfNegative(kind);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(kind, _accounts.Kinds);
    }

    /// <summary>Takes the range from the thread's lease, or from one that it gets for it; false if it has to queue.</summary>
    private bool TryTakePart(ulong start, ulong end, bool isExclusive, int kind, out RangeHold hold)
    {
        RangeLease? lease = _leases.Own;
        if (lease is not null && TryTakePart(lease, start, end, isExclusive, kind, out hold)) return true;
        hold = default;
        if (!isExclusive || !_leases.IsDue(lease, start, end, out ulong low, out ulong high)) return false;
        lease = new RangeLease(low, high, kind);
        bool isLeased = TryPublish(lease, out _);
        _leases.Note(isLeased ? lease : null);
        return isLeased && TryTakePart(lease, start, end, isExclusive, kind, out hold);
    }

    private bool TryTakePart(RangeLease lease, ulong start, ulong end, bool isExclusive, int kind, out RangeHold hold)
    {
        bool taken = lease.TryTake(start, end, isExclusive, kind, out ulong number);
        if (taken) lease.PartHeldSince = number % RangeLockAccounts.SampleEvery == RangeLockAccounts.SampledOfEach ? Clock.Timestamp : 0;
        hold = taken ? new RangeHold(this, lease, number) : default;
        return taken;
    }

    // A conflict with an earlier request keeps it out.
    private bool TryPublish(RangeRequest request, out ulong heldFrom)
    {
        heldFrom = 0;
        RangeRequest? tail = _tail.LoadAcquire();
        while (true)
        {
            request.ComeAfter(tail);
            for (RangeRequest? other = request.PreviousLive(); other is not null; other = other.PreviousLive())
            {
                if (!request.ConflictsWith(other)) continue;
                heldFrom = other.FirstHeld;
                return false;
            }

            RangeRequest? found = _tail.CompareExchange(request, tail);
            if (found == tail) return true;
            tail = found;
        }
    }

    private RangeHold Granted(RangeRequest request)
    {
        if (request.Number % RangeLockAccounts.SampleEvery == RangeLockAccounts.SampledOfEach) request.HeldSince = Clock.Timestamp;
        return new RangeHold(this, request);
    }

    private void Publish(RangeRequest request)
    {
        RangeRequest? tail = _tail.LoadAcquire();
        while (true)
        {
            request.ComeAfter(tail);

            // A full fence: who comes later finds this request, and this one finds all earlier ones.
            RangeRequest? found = _tail.CompareExchange(request, tail);
            if (found == tail) return;
            tail = found;
        }
    }

    /// <summary>Waits for each earlier request in conflict, the newest first: those behind it are mostly what it waits for itself.</summary>
    private bool TryWait(RangeRequest request, TimeSpan? timeout, FatalSignal? signal)
    {
        long since = 0;
        bool entered = true;
        for (RangeRequest? other = request.PreviousLive(); entered && other is not null; other = other.PreviousLive())
        {
            if (!request.ConflictsWith(other)) continue;
            long start = Clock.Timestamp;
            if (since == 0) since = start;
            entered = TryWaitFor(request, other, since, timeout, signal);
            _accounts.Blame(request.Kind, other.Kind, Clock.Timestamp - start);
        }

        if (since != 0) _accounts.AddWait(request.Kind, Clock.Timestamp - since);
        return entered;
    }

    private static bool TryWaitFor(RangeRequest request, RangeRequest other, long since, TimeSpan? timeout, FatalSignal? signal)
    {
        var backoff = new Backoff();
        while (request.ConflictsWith(other))
        {
            TimeSpan? left = timeout;
            if (timeout is { } limit)
            {
                left = limit - TimeSpan.FromTicks(Clock.Nanoseconds(since, Clock.Timestamp) / TimeSpan.NanosecondsPerTick);
                if (left <= TimeSpan.Zero) return false;
            }

            if (!backoff.ShouldPark) backoff.Wait();
            else if (!request.SleepFor(other, left, signal)) return !request.ConflictsWith(other);
        }

        return true;
    }
}
