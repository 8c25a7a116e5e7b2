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
/// Uncontended: one compare-and-swap to enter, one atomic addition to leave, no time stamp. <c>docs/locking.md</c> has the whole picture.
/// </remarks>
internal sealed partial class MmapLock
{
    private readonly WriterCounts? _writers;

    // The whole state, laid out by LockWord. Each change is one atomic operation: entering acquires, leaving releases.
    private OwnCacheLine _line;

    private readonly WriteHolds _writeHolds = new();

    // Older spaces first: a parent before its child. 0 where nobody checks.
    private readonly ulong _number = LockOrder.NextNumber();

    /// <summary>A free lock.</summary>
    /// <param name="writers">Where its write holds are counted; null where no fault validates by that, since it costs a writer two full fences.</param>
    public MmapLock(WriterCounts? writers = null) => _writers = writers;

    private ref Word64 State => ref _line.Word;

    /// <summary>Held in either mode, by whomever; for assertions.</summary>
    public bool IsHeld => new LockWord(State.LoadRelaxed()).IsHeld;

    /// <summary>Held for write, by whomever; for assertions.</summary>
    public bool IsWriteHeld => new LockWord(State.LoadRelaxed()).IsWriteHeld;

    /// <summary>Takes the lock for read; waits while it is held for write or somebody waits already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EnterRead(LockUser user)
    {
        LockOrder.Waiting(LockRank.Mmap, _number);
        if (!TryTakeRead(user)) WaitForRead(user);
        LockOrder.Entered(LockRank.Mmap, _number);
    }

    /// <summary>Takes the lock for read if that is possible without passing anybody; never waits.</summary>
    public bool TryEnterRead(LockUser user)
    {
        if (!TryTakeRead(user)) return false;
        LockOrder.Tried(LockRank.Mmap, _number);
        return true;
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
        Debug.Assert(new LockWord(State.LoadRelaxed()).Readers > 0, "Only a reader leaves as one.");

        LockOrder.Exited(LockRank.Mmap, _number);

        // Releases: a writer that enters afterwards sees all that this reader did.
        var left = new LockWord(State.Add(-LockWord.OneReader));
        if (left.HasWaiters && !left.IsHeld) WakeAfter(left.User);
    }

    /// <summary>Takes the lock for write; waits while it is held in any mode or somebody waits already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EnterWrite(LockUser user)
    {
        LockOrder.Waiting(LockRank.Mmap, _number);
        if (!TryTakeWrite(user)) WaitForWrite(user);
        LockOrder.Entered(LockRank.Mmap, _number);
    }

    /// <summary>Takes the lock for write if it is free and nobody waits; never waits.</summary>
    public bool TryEnterWrite(LockUser user)
    {
        if (!TryTakeWrite(user)) return false;
        LockOrder.Tried(LockRank.Mmap, _number);
        return true;
    }

    private bool TryTakeWrite(LockUser user)
    {
        var seen = new LockWord(State.LoadRelaxed());

        // Acquires what earlier writers and readers released.
        if (!seen.AdmitsWriter || State.CompareExchange(seen.WithWriter(user).Value, seen.Value) != seen.Value) return false;
        BeginWriteHold(user);
        return true;
    }

    /// <summary>Gives the lock back. The caller holds it for write.</summary>
    public void ExitWrite()
    {
        LockOrder.Exited(LockRank.Mmap, _number);
        EndWriteHold();

        // Releases to whoever enters next.
        var left = new LockWord(State.Add(-LockWord.OneWriter));
        if (left.HasWaiters) WakeAfter(left.User);
    }

    /// <summary>Turns the caller's write lock into a read lock, without a moment in which another writer could enter.</summary>
    public void Downgrade()
    {
        EndWriteHold();

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

    private void BeginWriteHold(LockUser user)
    {
        _writeHolds.Begin(user);
        _writers?.Begin();
    }

    private void EndWriteHold()
    {
        var held = new LockWord(State.LoadRelaxed());
        Debug.Assert(held.IsWriteHeld, "Only the writer leaves as one.");
        _writeHolds.End(held.User);
        _writers?.End();
    }
}
