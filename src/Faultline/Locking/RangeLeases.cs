using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>Who has a <see cref="RangeLease"/> of a lock, and who is to get one: a thread that asks for ranges near each other again and again.</summary>
/// <remarks>A guess, and no more: a lease that should not have been given is revoked, which costs each side an atomic operation on a line of the other. So who loses one before it
/// was of use waits longer for the next.</remarks>
/// <param name="patience">How many requests near each other earn a lease.</param>
internal sealed class RangeLeases(int patience)
{
    /// <summary>A lease costs as much as two requests, and saves half of each.</summary>
    public const int DefaultPatience = 8;

    private const int Slots = 16, MostDoublings = 8;

    // Uses after which a lease was worth it.
    private const int Worthwhile = 64;

    // What a thread that changes one place again and again asks for, with room to wander; more is likely to be wanted by others.
    private const ulong LongestLease = 1UL << 30;

    // Of each slot, on two lines of its own (processors fetch the next one as well): the range that holds the last requests that had to queue, how many they were, and how often
    // a lease was not worth it. By all threads of the slot, without order: a guess that is wrong gives or keeps a lease for nothing.
    private const int WordsPerSlot = 16, Low = 0, High = 1, Requests = 2, Doublings = 3;
    private readonly Word64[] _habits = new Word64[Slots * WordsPerSlot];

    // One for some threads, replaced by exchange by whichever of them gets one.
    private readonly Ref<RangeLease?>[] _leases = new Ref<RangeLease?>[Slots];

    /// <summary>The calling thread's lease, which may be over.</summary>
    public RangeLease? Own
    {
        get
        {
            int thread = Threads.CurrentId;
            return _leases[thread % Slots].LoadAcquire() is { } lease && lease.Thread == thread ? lease : null;
        }
    }

    /// <summary>Notes a request that its thread's lease, if any, did not serve; true if a lease of [<paramref name="low"/>, <paramref name="high"/>) should.</summary>
    public bool IsDue(RangeLease? lease, ulong start, ulong end, out ulong low, out ulong high)
    {
        Span<Word64> habit = Habit;
        if (lease is { IsReleased: true })
        {
            // Noted once: the slot is empty then.
            _leases[Slot].CompareExchange(null, lease);
            SetDoublings(habit, lease.Uses >= Worthwhile);
        }

        ulong requests = habit[Requests].LoadRelaxed();
        (low, high) = (Math.Min(start, habit[Low].LoadRelaxed()), Math.Max(end, habit[High].LoadRelaxed()));
        if (requests == 0 || high - low > LongestLease) (low, high, requests) = (start, end, 0);
        requests++;
        habit[Low].StoreRelaxed(low);
        habit[High].StoreRelaxed(high);
        habit[Requests].StoreRelaxed(requests);
        return requests >= (ulong)patience << (int)habit[Doublings].LoadRelaxed() && high - low <= LongestLease;
    }

    /// <summary>What came of it: the lease, or null if others are in its range.</summary>
    public void Note(RangeLease? lease)
    {
        Span<Word64> habit = Habit;
        habit[Requests].StoreRelaxed(0);
        if (lease is null) SetDoublings(habit, wasWorthwhile: false);
        else _leases[Slot].Exchange(lease)?.Revoke();
    }

    private static int Slot => Threads.CurrentId % Slots;

    private Span<Word64> Habit => _habits.AsSpan(Slot * WordsPerSlot, WordsPerSlot);

    private static void SetDoublings(Span<Word64> habit, bool wasWorthwhile) =>
        habit[Doublings].StoreRelaxed(wasWorthwhile ? 0 : Math.Min(habit[Doublings].LoadRelaxed() + 1, MostDoublings));
}
