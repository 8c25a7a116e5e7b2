using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

/// <summary>
/// The lock over one table of level 2 or 3, in the table's <see cref="FrameInfo"/> beside the count that it guards. With the gate of a span held; the root's before that of a
/// table below it.
/// </summary>
/// <remarks>Waited for inside sections too: who holds it waits for nobody, and for no section.</remarks>
internal static class UpperTableLock
{
    /// <summary>Takes the lock; waits for its holder.</summary>
    public static void Enter(ref FrameInfo table, int level)
    {
        LockOrder.Waiting(LockRank.UpperTable, Key(level));
        var backoff = new Backoff();
        while (!PteLock.TryTake(ref table)) backoff.Wait();
        LockOrder.Entered(LockRank.UpperTable, Key(level));
    }

    /// <summary>Frees the lock; pairs with the next holder's compare-and-swap.</summary>
    public static void Exit(ref FrameInfo table, int level)
    {
        LockOrder.Exited(LockRank.UpperTable, Key(level));
        PteLock.Give(ref table);
    }

    private static ulong Key(int level) => (ulong)(TableLevel.Root - level);
}
