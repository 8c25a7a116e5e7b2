using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>
/// The lock of an address space (Linux <c>mmap_lock</c>): many readers or one writer, with the rules of Linux's rwsem. Not re-entrant,
/// in either mode: a reader that enters again behind a waiting writer waits for itself.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>A reader never passes a waiting thread; a writer may pass those that sleep, until one of them has waited
/// <see cref="PatienceNanoseconds"/>: from then on the lock is reserved for it.</item>
/// <item>When readers are first in the queue, all queued readers enter together, also those behind a queued writer.</item>
/// <item>A waiter first stays awake for <see cref="Backoff"/>'s bounded time. The kernel spins for as long as the holder runs; user space
/// cannot see that, and 2 µs cover a hold that does not sleep.</item>
/// <item><see cref="Downgrade"/> lets in the readers at the head of the queue and no writer.</item>
/// </list>
/// Uncontended: one compare-and-swap to enter, one atomic addition to leave, no time stamp. Where writers lock ranges, and so hold this lock for read, readers are counted by
/// <see cref="ReaderSlots"/>; they come to the word below only to wait for a writer of the whole space. <c>docs/locking.md</c> has the whole picture.
/// </remarks>
internal sealed partial class MmapLock
{
    private readonly WriterCounts? _writers;
    private readonly ReaderSlots? _slots;

    // The whole state, laid out by LockWord. Each change is one atomic operation: entering acquires, leaving releases.
    private OwnCacheLine _line;

    private readonly WriteHolds _writeHolds = new();

    // Older spaces first: a parent before its child. 0 where nobody checks.
    private readonly ulong _number = LockOrder.NextNumber();

    /// <summary>A free lock.</summary>
    /// <param name="writers">Where its write holds are counted; null where no fault validates by that, since it costs a writer two full fences.</param>
    /// <param name="hasReaderSlots">Readers of different threads share no line; a writer looks at sixteen.</param>
    public MmapLock(WriterCounts? writers = null, bool hasReaderSlots = false) => (_writers, _slots) = (writers, hasReaderSlots ? new ReaderSlots() : null);

    private ref Word64 State => ref _line.Word;

    /// <summary>Held in either mode, by whomever; for assertions.</summary>
    public bool IsHeld => new LockWord(State.LoadRelaxed()).IsHeld || _slots is { IsAnybodyInside: true };

    /// <summary>Held for write, by whomever; for assertions.</summary>
    public bool IsWriteHeld => new LockWord(State.LoadRelaxed()).IsWriteHeld && _slots is null or { IsBlocked: true };

    /// <summary>Takes the lock for read; waits while it is held for write or somebody waits already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EnterRead(LockUser user)
    {
        LockOrder.Waiting(LockRank.Mmap, _number);
        if (_slots is { } slots)
        {
            if (!slots.TryEnter(user)) EnterSlotsBehindWriter(slots, user, signal: null);
        }
        else if (!TryTakeRead(user))
        {
            WaitForRead(user, signal: null);
        }

        LockOrder.Entered(LockRank.Mmap, _number);
    }

    /// <summary>As <see cref="EnterRead"/>; false, and not taken, if <paramref name="signal"/> is sent before (Linux <c>mmap_read_lock_killable()</c>).</summary>
    public bool TryEnterRead(LockUser user, FatalSignal signal)
    {
        LockOrder.Waiting(LockRank.Mmap, _number);
        if (signal.IsPending) return false;
        bool taken = _slots is { } slots
            ? slots.TryEnter(user) || EnterSlotsBehindWriter(slots, user, signal)
            : TryTakeRead(user) || WaitForRead(user, signal);
        if (taken) LockOrder.Entered(LockRank.Mmap, _number);
        return taken;
    }

    /// <summary>Takes the lock for read if that is possible without passing anybody; never waits.</summary>
    public bool TryEnterRead(LockUser user)
    {
        bool taken = _slots is { } slots ? slots.TryEnter(user) : TryTakeRead(user);
        if (taken) LockOrder.Tried(LockRank.Mmap, _number);
        return taken;
    }

    private bool TryTakeRead(LockUser user)
    {
        var seen = new LockWord(State.LoadRelaxed());
        while (seen.AdmitsReader)
        {
            // Acquires what the last writer's ExitWrite released.
            ulong found = State.CompareExchange(seen.WithReaders(1, user).Value, seen.Value);
            if (found == seen.Value) return true;
            seen = new LockWord(found);
        }

        return false;
    }

    /// <summary>Gives the lock back. The caller holds it for read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ExitRead()
    {
        LockOrder.Exited(LockRank.Mmap, _number);
        if (_slots is { } slots) slots.Leave();
        else LeaveRead();
    }

    private void LeaveRead()
    {
        Debug.Assert(new LockWord(State.LoadRelaxed()).Readers > 0, "Only a reader leaves as one.");

        // Releases: a writer that enters afterwards sees all that this reader did.
        var left = new LockWord(State.Add(-LockWord.OneReader));
        if (left.HasWaiters && !left.IsHeld) WakeAfter(left.User);
    }

    /// <summary>Takes the lock for write; waits while it is held in any mode or somebody waits already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EnterWrite(LockUser user)
    {
        LockOrder.Waiting(LockRank.Mmap, _number);
        if (!TryTakeWrite(user)) WaitForWrite(user, signal: null);
        if (_slots is { } slots) TryWaitForSlots(slots, user, signal: null);
        CountWriteHold(user);
        LockOrder.Entered(LockRank.Mmap, _number);
    }

    /// <summary>As <see cref="EnterWrite"/>; false, and not taken, if <paramref name="signal"/> is sent before (Linux <c>mmap_write_lock_killable()</c>).</summary>
    public bool TryEnterWrite(LockUser user, FatalSignal signal)
    {
        LockOrder.Waiting(LockRank.Mmap, _number);
        if (signal.IsPending) return false;
        if (!TryTakeWrite(user) && !WaitForWrite(user, signal)) return false;
        if (_slots is { } slots && !TryWaitForSlots(slots, user, signal))
        {
            LeaveWrite();
            return false;
        }

        CountWriteHold(user);
        LockOrder.Entered(LockRank.Mmap, _number);
        return true;
    }

    /// <summary>
    /// Wakes all who sleep, so that those who wait killably see a signal that has been sent; the others go to sleep again. After the sending, which is a full fence.
    /// </summary>
    public void WakeAllToLook()
    {
        WakeQueue();
        _slots?.WakeWriter();
    }

    /// <summary>Takes the lock for write if it is free and nobody waits; never waits.</summary>
    public bool TryEnterWrite(LockUser user)
    {
        var seen = new LockWord(State.LoadRelaxed());

        // Acquires, as in TryTakeWrite.
        if (!seen.AdmitsWriter || State.CompareExchange(seen.WithWriter(user).Value, seen.Value) != seen.Value) return false;
        if (_slots is { } slots && !slots.TryBlock())
        {
            LeaveWrite();
            return false;
        }

        CountWriteHold(user);
        LockOrder.Tried(LockRank.Mmap, _number);
        return true;
    }

    private bool TryTakeWrite(LockUser user)
    {
        var seen = new LockWord(State.LoadRelaxed());

        // Acquires what earlier writers and readers released.
        return seen.AdmitsWriter && State.CompareExchange(seen.WithWriter(user).Value, seen.Value) == seen.Value;
    }

    /// <summary>Gives the lock back. The caller holds it for write.</summary>
    public void ExitWrite()
    {
        LockOrder.Exited(LockRank.Mmap, _number);
        EndWriteHold();
        _slots?.Unblock();
        LeaveWrite();
    }

    private void LeaveWrite()
    {
        // Releases to whoever enters next.
        var left = new LockWord(State.Add(-LockWord.OneWriter));
        if (left.HasWaiters) WakeAfter(left.User);
    }

    /// <summary>Turns the caller's write lock into a read lock, without a moment in which another writer could enter.</summary>
    public void Downgrade()
    {
        EndWriteHold();
        if (_slots is { } slots)
        {
            // Inside before the others may come, and before the next writer, which then waits for this thread as for any reader.
            slots.Enter(new LockWord(State.LoadRelaxed()).User);
            slots.Unblock();
            LeaveWrite();
            return;
        }

        // Releases to the readers that now may enter beside the caller.
        var left = new LockWord(State.Add(LockWord.OneReader - LockWord.OneWriter));
        if (left.HasWaiters) AdmitReadersAfter(left.User);
    }

    /// <summary>The figures so far.</summary>
    public LockStatistics Statistics()
    {
        var statistics = new LockStatistics();
        _gate.Enter();
        _accounts.CopyTo(statistics);
        _gate.Exit();
        _writeHolds.CopyTo(statistics);
        return statistics;
    }

    /// <summary>Waits at the word for the writer, as any reader would; no other can come while the word is held for read.</summary>
    private bool EnterSlotsBehindWriter(ReaderSlots slots, LockUser user, FatalSignal? signal)
    {
        if (!TryTakeRead(user) && !WaitForRead(user, signal)) return false;
        slots.Enter(user);
        LeaveRead();
        return true;
    }

    /// <summary>By the writer that has the word; false, with readers admitted again, if <paramref name="signal"/> is sent before.</summary>
    private bool TryWaitForSlots(ReaderSlots slots, LockUser user, FatalSignal? signal)
    {
        long since = Clock.Timestamp;
        bool isAlone = slots.TryBlock(signal, out bool waited, out LockUser holder);
        if (waited) FinishAwake(user, holder, since);
        return isAlone;
    }

    private void CountWriteHold(LockUser user)
    {
        _writeHolds.Begin(user);
        _writers?.Begin();
    }

    private void EndWriteHold()
    {
        var held = new LockWord(State.LoadRelaxed());
        Debug.Assert(IsWriteHeld, "Only the writer leaves as one.");
        _writeHolds.End(held.User);
        _writers?.End();
    }
}
