#if DEBUG && !FAULTLINE_EXPLORE
#define CHECKED
#endif
using System.Diagnostics;

namespace Faultline.Sync;

/// <summary>
/// Checks in debug builds that no thread waits for a lock that stands before one it holds (Linux lockdep), and remembers which were held together. Release builds contain
/// nothing of it, and the explorable build finds deadlocks by itself.
/// </summary>
/// <remarks>
/// A lock that was <em>tried</em> may stand anywhere, since nobody waits for it; what is waited for while it is held is checked as ever.
/// </remarks>
internal static class LockOrder
{
    private const int Ranks = (int)LockRank.Section + 1;

    // Whether somebody waited for the second lock with the first held, and whether somebody tried it. Only ever set.
    private static readonly bool[] s_waited = new bool[Ranks * Ranks];
    private static readonly bool[] s_tried = new bool[Ranks * Ranks];

#if CHECKED
    [ThreadStatic]
    private static List<(LockRank Rank, ulong Key)>? t_held;

    // Locks that were given back by a thread that had not taken them. Guarded by itself.
    private static readonly HashSet<(LockRank Rank, ulong Key)> s_exitedElsewhere = [];

    private static bool IsExitedElsewhere((LockRank Rank, ulong Key) held)
    {
        lock (s_exitedElsewhere) return s_exitedElsewhere.Remove(held);
    }
#endif

    private static long s_lastNumber;

    /// <summary>True in builds that check.</summary>
    public static bool IsChecked =>
#if CHECKED
        true;
#else
        false;
#endif

    /// <summary>A key for locks of one rank that are taken in the order of their creation.</summary>
    public static ulong NextNumber() => IsChecked ? (ulong)Interlocked.Increment(ref s_lastNumber) : 0;

    /// <summary>The caller is about to wait for a lock, or for walker sections.</summary>
    /// <exception cref="InvalidOperationException">A lock is held that stands after it, or one of the same rank and not a lower key.</exception>
    [Conditional("DEBUG")]
    public static void Waiting(LockRank rank, ulong key = 0)
    {
#if CHECKED
        if (t_held is not { Count: > 0 } held) return;
        for (int i = held.Count - 1; i >= 0; i--)
        {
            (LockRank Rank, ulong Key) other = held[i];
            bool isInOrder = other.Rank < rank || (other.Rank == rank && (rank == LockRank.AreaLeaf || other.Key < key));
            if (!isInOrder && IsExitedElsewhere(other))
            {
                held.RemoveAt(i);
                continue;
            }

            if (!isInOrder && rank != LockRank.Unranked)
                throw new InvalidOperationException($"Lock order: waits for {rank} ({key:x}) holding {string.Join(", ", held.Select(h => $"{h.Rank} ({h.Key:x})"))}.");
            s_waited[((int)other.Rank * Ranks) + (int)rank] = true;
        }
#endif
    }

    /// <summary>The caller has a lock.</summary>
    [Conditional("DEBUG")]
    public static void Entered(LockRank rank, ulong key = 0)
    {
#if CHECKED
        (t_held ??= []).Add((rank, key));
#endif
    }

    /// <summary>The caller has a lock for which it did not wait.</summary>
    [Conditional("DEBUG")]
    public static void Tried(LockRank rank, ulong key = 0)
    {
#if CHECKED
        foreach ((LockRank Rank, ulong Key) other in t_held ??= []) s_tried[((int)other.Rank * Ranks) + (int)rank] = true;
        t_held.Add((rank, key));
#endif
    }

    /// <summary>The caller gives a lock back, which another thread may have taken.</summary>
    [Conditional("DEBUG")]
    public static void Exited(LockRank rank, ulong key = 0)
    {
#if CHECKED
        for (int i = (t_held?.Count ?? 0) - 1; i >= 0; i--)
        {
            if (t_held![i] != (rank, key)) continue;
            t_held.RemoveAt(i);
            return;
        }

        lock (s_exitedElsewhere) s_exitedElsewhere.Add((rank, key));
#endif
    }

    /// <summary>The caller holds nothing any more: a test that ended may have abandoned its locks.</summary>
    [Conditional("DEBUG")]
    public static void Forget()
    {
#if CHECKED
        t_held?.Clear();
#endif
    }

    /// <summary>What was held together since the process began: the second was waited for, or only ever tried.</summary>
    public static IEnumerable<(LockRank Held, LockRank Taken, bool OnlyTried)> Observed()
    {
        for (int i = 0; i < s_waited.Length; i++)
        {
            if (s_waited[i] || s_tried[i]) yield return ((LockRank)(i / Ranks), (LockRank)(i % Ranks), !s_waited[i]);
        }
    }
}
