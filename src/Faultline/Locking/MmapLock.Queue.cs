using System.Diagnostics;
using Faultline.Sync;

namespace Faultline.Locking;

/// <content>Waiting: first awake, then in the queue, then asleep.</content>
internal sealed partial class MmapLock
{
    /// <summary>After this time a waiting thread is next, whoever else tries (rwsem's <c>RWSEM_WAIT_TIMEOUT</c>).</summary>
    public const long PatienceNanoseconds = 4_000_000;

    // Readers admitted at once: bounds how long the gate is held (rwsem's MAX_READERS_WAKEUP).
    private const int LargestBatch = 256;

    // Guards the queue, the pool, the accounts, and the waiters and reserved bits of the state.
    private SpinGate _gate = new(LockRank.LockQueue);

    private readonly LockAccounts _accounts = new();

    // The queue, oldest first. Changed under the gate; a waiter reads _first without it, to see whether asking for the gate is worth while.
    private Ref<LockWaiter?> _first;
    private LockWaiter? _last;

    // Waiters to use again, linked by Next. Guarded by the gate.
    private LockWaiter? _pool;

    /// <summary>False if <paramref name="signal"/> is sent before the lock is granted.</summary>
    private bool WaitForRead(LockUser user, FatalSignal? signal)
    {
        var holder = new LockWord(State.LoadRelaxed()).User;
        long since = Clock.Timestamp;
        var backoff = new Backoff();

        // With anybody in the queue there is nothing to watch for: this thread may not pass him.
        while (!new LockWord(State.LoadRelaxed()).HasWaiters && !backoff.ShouldPark)
        {
            if (TryTakeRead(user))
            {
                FinishAwake(user, holder, since);
                return true;
            }

            backoff.Wait();
        }

        return WaitInQueue(user, isWriter: false, holder, since, signal);
    }

    /// <inheritdoc cref="WaitForRead"/>
    private bool WaitForWrite(LockUser user, FatalSignal? signal)
    {
        var holder = new LockWord(State.LoadRelaxed()).User;
        long since = Clock.Timestamp;
        var backoff = new Backoff();

        // Passing the sleepers keeps the lock in use while they wake up; once it is reserved, no newcomer gets it.
        while (!new LockWord(State.LoadRelaxed()).IsReserved && !backoff.ShouldPark)
        {
            var seen = new LockWord(State.LoadRelaxed());

            // Acquires, as in TryTakeWrite.
            if (seen.AdmitsBarging && State.CompareExchange(seen.WithWriter(user).Value, seen.Value) == seen.Value)
            {
                FinishAwake(user, holder, since);
                return true;
            }

            backoff.Wait();
        }

        return WaitInQueue(user, isWriter: true, holder, since, signal);
    }

    private void FinishAwake(LockUser user, LockUser holder, long since)
    {
        long now = Clock.Timestamp;
        _gate.Enter();
        _accounts.FinishAwake(user, holder, since, now);
        _gate.Exit();
    }

    private bool WaitInQueue(LockUser user, bool isWriter, LockUser holder, long since, FatalSignal? signal)
    {
        _gate.Enter();
        var waiter = _pool ?? new LockWaiter();
        _pool = waiter.Next;
        (waiter.User, waiter.IsWriter, waiter.Since, waiter.Next) = (user, isWriter, since, null);

        // Relaxed: nobody else sees the waiter before the gate opens.
        waiter.State.StoreRelaxed(LockWaiter.Awake);
        long queuedAt = Clock.Timestamp;
        bool taken = _first.LoadRelaxed() is null && !TryMarkWaiters(waiter);
        if (taken) (waiter.GrantedAt, waiter.GrantedAfter) = (since, holder);
        else Append(waiter, holder, queuedAt);
        _gate.Exit();

        if (!taken) taken = WaitUntilGranted(waiter, signal);

        long now = Clock.Timestamp;
        _gate.Enter();
        _accounts.Finish(waiter, now);
        waiter.Next = _pool;
        _pool = waiter;
        _gate.Exit();
        return taken;
    }

    // Under the gate, queue empty. False: the lock had become free, and the caller took it instead of queueing.
    private bool TryMarkWaiters(LockWaiter waiter)
    {
        var seen = new LockWord(State.LoadRelaxed());
        while (true)
        {
            // The holder seen here leaves by an atomic operation on the same word, after this one: it finds the mark and wakes.
            bool free = waiter.IsWriter ? seen.AdmitsWriter : seen.AdmitsReader;
            var next = !free ? seen.WithWaiters : waiter.IsWriter ? seen.WithWriter(waiter.User) : seen.WithReaders(1, waiter.User);
            ulong found = State.CompareExchange(next.Value, seen.Value);
            if (found == seen.Value) return !free;
            seen = new LockWord(found);
        }
    }

    // Under the gate.
    private void Append(LockWaiter waiter, LockUser holder, long now)
    {
        if (_last is null)
        {
            _accounts.Start(now);
            _first.StoreRelease(waiter);
        }
        else
        {
            _accounts.Book(new LockWord(State.LoadRelaxed()).User, now);
            _last.Next = waiter;
        }

        _last = waiter;
        _accounts.Queue(waiter, holder, now);
    }

    private bool WaitUntilGranted(LockWaiter waiter, FatalSignal? signal)
    {
        var backoff = new Backoff();
        while (true)
        {
            // Acquires the lock from whoever granted it.
            if (waiter.State.LoadAcquire() == LockWaiter.Granted || TryTakeAsFirst(waiter)) return true;
            if (signal is { IsPending: true }) return !TryLeaveQueue(waiter);
            if (!backoff.ShouldPark)
            {
                backoff.Wait();
                continue;
            }

            // The announcement and the look after it are ordered by a full fence, as are a holder's leaving and its look at this state:
            //
            //     this thread                      the holder that leaves
            //     State = Parked                   lock word -= holder
            //     lock word still held? → sleep    State == Parked? → unpark
            //
            // At least one of the two sees the other.
            uint before = waiter.State.CompareExchange(LockWaiter.Parked, LockWaiter.Awake);
            if (before == LockWaiter.Granted) return true;
            Debug.Assert(before == LockWaiter.Awake, "Every permit comes from a change of this state, and is used once.");
            if (TryTakeAsFirst(waiter))
            {
                // A waker that saw Parked has sent a permit, or will: take it, or it would end the waiter's next sleep.
                if (waiter.State.Exchange(LockWaiter.Awake) != LockWaiter.Parked) waiter.Parker.Park();
                return true;
            }

            // The same for the signal, whose sender looks at the states after sending it. Again the permit of a waker is taken; it may have granted the lock.
            bool sleeps = signal is not { IsPending: true } || waiter.State.CompareExchange(LockWaiter.Awake, LockWaiter.Parked) != LockWaiter.Parked;
            if (sleeps) waiter.Parker.Park();
            backoff = new Backoff();
        }
    }

    /// <summary>Takes the caller's waiter, who is killed, out of the queue; false if the lock was granted to it before.</summary>
    /// <remarks>
    /// It may have been woken to take the lock, or may be all that others wait behind. So whoever leaves passes on what it leaves:
    /// <code>
    ///   first writer                     second waiter                    holder
    ///   asleep                           asleep
    ///                                                                     lock free; wakes the first
    ///   killed: out of the queue
    ///   lock free? wake the next         (else it sleeps on at a free lock)
    /// </code>
    /// </remarks>
    private bool TryLeaveQueue(LockWaiter waiter)
    {
        _gate.Enter();
        if (waiter.State.LoadRelaxed() == LockWaiter.Granted)
        {
            _gate.Exit();
            return false;
        }

        Unlink(waiter);
        var word = new LockWord(State.LoadRelaxed());
        long now = Clock.Timestamp;
        _accounts.Book(word.User, now);
        _accounts.Grant(waiter, word.User, now);
        if (_last is null) word = ClearWaiters();
        _gate.Exit();
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.LeaveQueueSilently) return true;
#endif
        if (!word.HasWaiters) return true;
        if (word.IsHeld) AdmitReadersAfter(word.User);
        else WakeAfter(word.User);
        return true;
    }

    // Under the gate.
    private void Unlink(LockWaiter waiter)
    {
        LockWaiter? before = null;
        for (var other = _first.LoadRelaxed(); other != waiter; other = other!.Next) before = other;
        if (before is null) _first.StoreRelease(waiter.Next);
        else before.Next = waiter.Next;
        if (_last == waiter) _last = before;
        waiter.Next = null;
    }

    // Under the gate, queue empty: nobody is left to wait, or to reserve the lock for.
    private LockWord ClearWaiters()
    {
        LockWord seen, next;
        do
        {
            seen = new LockWord(State.LoadRelaxed());
            next = seen.WithoutReservation.WithoutWaiters;
        }
        while (State.CompareExchange(next.Value, seen.Value) != seen.Value);

        return next;
    }

    private void WakeQueue()
    {
        List<LockWaiter> woken = [];
        _gate.Enter();
        for (var waiter = _first.LoadRelaxed(); waiter is not null; waiter = waiter.Next)
        {
            // Who replaces Parked owes the permit, and the waiter stays for it.
            if (waiter.State.CompareExchange(LockWaiter.Awake, LockWaiter.Parked) == LockWaiter.Parked) woken.Add(waiter);
        }

        _gate.Exit();
        foreach (LockWaiter waiter in woken) waiter.Parker.Unpark();
    }

    // The first writer in the queue competes with newcomers for the free lock, so that the lock is not idle while it wakes up.
    private bool TryTakeAsFirst(LockWaiter waiter)
    {
        // Relaxed hints; decided under the gate.
        if (!waiter.IsWriter || new LockWord(State.LoadRelaxed()).IsHeld || _first.LoadRelaxed() != waiter) return false;
        _gate.Enter();
        var before = new LockWord(State.LoadRelaxed());
        bool taken = _first.LoadRelaxed() == waiter && TryGrantWriter(waiter);
        if (taken)
        {
            long now = Clock.Timestamp;
            _accounts.Book(before.User, now);
            _accounts.Grant(waiter, before.User, now);
        }

        _gate.Exit();
        return taken;
    }

    /// <summary>The lock has just become free, and somebody waits. <paramref name="holder"/> held it.</summary>
    private void WakeAfter(LockUser holder)
    {
        // At most one of the two.
        LockWaiter? readers = null, writer = null;
        _gate.Enter();
        if (_first.LoadRelaxed() is { } first)
        {
            long now = Clock.Timestamp;
            _accounts.Book(holder, now);
            bool overdue = Clock.Nanoseconds(first.Since, now) > PatienceNanoseconds;
            if (!first.IsWriter)
            {
                if (!TryGrantReaders(holder, now, out readers) && overdue) Reserve();
            }
            else if (!overdue)
            {
                if (first.State.CompareExchange(LockWaiter.Awake, LockWaiter.Parked) == LockWaiter.Parked) writer = first;
            }
            else if (TryGrantWriter(first))
            {
                _accounts.Grant(first, holder, now);
                if (first.State.Exchange(LockWaiter.Granted) == LockWaiter.Parked) writer = first;
            }
            else
            {
                Reserve();
            }
        }

        _gate.Exit();

        // A syscall each, and not under the gate.
        writer?.Parker.Unpark();
        WakeAll(readers);
    }

    /// <summary>The writer has become a reader, or who stood first in the queue has left it, and somebody waits.</summary>
    private void AdmitReadersAfter(LockUser holder)
    {
        LockWaiter? readers = null;
        _gate.Enter();
        if (_first.LoadRelaxed() is { } first)
        {
            long now = Clock.Timestamp;
            _accounts.Book(holder, now);
            if (!first.IsWriter) TryGrantReaders(holder, now, out readers);
        }

        _gate.Exit();
        WakeAll(readers);
    }

    // Under the gate. False: another writer was faster.
    private bool TryGrantWriter(LockWaiter first)
    {
        var seen = new LockWord(State.LoadRelaxed());
        if (seen.IsHeld) return false;
        var next = seen.WithoutReservation.WithWriter(first.User);
        if (first.Next is null) next = next.WithoutWaiters;

        // Acquires for the writer, who sees it through the gate or through Granted.
        if (State.CompareExchange(next.Value, seen.Value) != seen.Value) return false;
        _first.StoreRelease(first.Next);
        if (first.Next is null) _last = null;
        return true;
    }

    // Under the gate, first in the queue is a reader. Lets all queued readers in; false if a writer was faster.
    private bool TryGrantReaders(LockUser holder, long now, out LockWaiter? toWake)
    {
        toWake = null;
        int batch = 0, left = 0;
        LockUser user = default;
        for (var waiter = _first.LoadRelaxed(); waiter is not null; waiter = waiter.Next)
        {
            if (waiter.IsWriter || batch == LargestBatch) left++;
            else (batch, user) = (batch + 1, waiter.User);
        }

        LockWord seen, next;
        do
        {
            seen = new LockWord(State.LoadRelaxed());
            if (seen.IsWriteHeld) return false;
            next = seen.WithoutReservation.WithReaders(batch, user);
            if (left == 0) next = next.WithoutWaiters;
        }
        while (State.CompareExchange(next.Value, seen.Value) != seen.Value);

        LockWaiter? kept = null, following;
        for (var waiter = _first.LoadRelaxed(); waiter is not null; waiter = following)
        {
            following = waiter.Next;
            waiter.Next = null;
            if (waiter.IsWriter || batch == 0)
            {
                if (kept is null) _first.StoreRelease(waiter);
                else kept.Next = waiter;
                kept = waiter;
                continue;
            }

            batch--;
            _accounts.Grant(waiter, holder, now);
            waiter.Next = toWake;

            // From here on an awake waiter may leave and be used again: only a parked one stays for its permit, and keeps its link.
            if (waiter.State.Exchange(LockWaiter.Granted) == LockWaiter.Parked) toWake = waiter;
        }

        if (kept is null) _first.StoreRelease(null);
        _last = kept;
        return true;
    }

    // Under the gate. The holder finds the mark when it leaves, and grants.
    private void Reserve()
    {
        LockWord seen;
        do
        {
            seen = new LockWord(State.LoadRelaxed());
            Debug.Assert(seen.HasWaiters, "A lock is reserved for somebody.");
        }
        while (State.CompareExchange(seen.WithReservation.Value, seen.Value) != seen.Value);
    }

    private static void WakeAll(LockWaiter? toWake)
    {
        while (toWake is not null)
        {
            var next = toWake.Next;
            toWake.Parker.Unpark();
            toWake = next;
        }
    }
}
