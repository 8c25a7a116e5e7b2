using System.Runtime.CompilerServices;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

/// <summary>The lock over the entries of one lowest-level table, in the table's <see cref="FrameInfo"/> (Linux's split PTE lock).</summary>
internal static class PteLock
{
    private const uint Free = 0, Held = 1;

    /// <summary>
    /// Takes the lock if it is free. The only form allowed inside a walker section: its holder may be waiting for this very section
    /// to end (a shootdown under the lock).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryEnter(ref FrameInfo table)
    {
        if (!TryTake(ref table)) return false;
        LockOrder.Tried(LockRank.Pte, Key(ref table));
        return true;
    }

    /// <summary>Takes the lock; waits for its holder. Outside sections only.</summary>
    public static void Enter(ref FrameInfo table)
    {
        LockOrder.Waiting(LockRank.Pte, Key(ref table));
        var backoff = new Backoff();
        while (!TryTake(ref table)) backoff.Wait();
        LockOrder.Entered(LockRank.Pte, Key(ref table));
    }

    /// <summary>Takes the lock of a forked child's table with its parent's held, whichever frame is lower: nobody else takes two tables of a space that is not known yet.</summary>
    public static void EnterOfChild(ref FrameInfo table)
    {
        LockOrder.Waiting(LockRank.Pte, ulong.MaxValue);
        var backoff = new Backoff();
        while (!TryTake(ref table)) backoff.Wait();
        LockOrder.Entered(LockRank.Pte, Key(ref table));
    }

    /// <summary>Frees the lock; pairs with the next holder's compare-and-swap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exit(ref FrameInfo table)
    {
        LockOrder.Exited(LockRank.Pte, Key(ref table));
        Give(ref table);
    }

    /// <summary>Ends <see cref="TryTake"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Give(ref FrameInfo table) => Native.StoreRelease(ref table.Lock, Free);

    public static bool IsHeld(ref FrameInfo table) => Native.LoadRelaxed(ref table.Lock) == Held;

    /// <summary>Takes the word, whatever the rank of the lock that it is: <see cref="UpperTableLock"/> has the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryTake(ref FrameInfo table) =>
        Native.LoadRelaxed(ref table.Lock) == Free && Native.CompareExchange(ref table.Lock, Held, Free) == Free;

    /// <summary>The place in the lock order among tables: by frame, as <see cref="FrameInfo"/>s lie in the order of their frames.</summary>
    private static unsafe ulong Key(ref FrameInfo table) => (ulong)Unsafe.AsPointer(ref table);
}
