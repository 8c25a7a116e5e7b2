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
    public static bool TryEnter(ref FrameInfo table) =>
        Native.LoadRelaxed(ref table.Lock) == Free && Native.CompareExchange(ref table.Lock, Held, Free) == Free;

    /// <summary>Takes the lock; waits for its holder. Outside sections only.</summary>
    public static void Enter(ref FrameInfo table)
    {
        var backoff = new Backoff();
        while (!TryEnter(ref table)) backoff.Wait();
    }

    /// <summary>Frees the lock; pairs with the next holder's compare-and-swap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exit(ref FrameInfo table) => Native.StoreRelease(ref table.Lock, Free);

    public static bool IsHeld(ref FrameInfo table) => Native.LoadRelaxed(ref table.Lock) == Held;
}
