using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>What a <see cref="RangeLock"/> counts: only by threads that waited anyway, and by every 61st hold.</summary>
internal sealed class RangeLockAccounts(int kinds)
{
    /// <summary>A prime, so that a program that locks in a rhythm is sampled at every beat of it.</summary>
    public const ulong SampleEvery = 61;

    /// <summary>In the middle, so that the number of holds, told from the sampled ones, is on the average right for a lock that is used a few times only.</summary>
    public const ulong SampledOfEach = SampleEvery / 2;

    // Clock readings and differences of them. Atomic additions by any thread; a snapshot may lie between two of them.
    private readonly Word64[] _waits = new Word64[kinds];
    private readonly Word64[] _waited = new Word64[kinds];
    private readonly Word64[] _longest = new Word64[kinds];
    private readonly Word64[] _holds = new Word64[kinds];
    private readonly Word64[] _held = new Word64[kinds];
    private readonly Word64[] _blame = new Word64[kinds * kinds];

    public int Kinds => kinds;

    public void AddWait(int kind, long duration)
    {
        _waits[kind].Add(1);
        _waited[kind].Add(duration);
        ulong longest = _longest[kind].LoadRelaxed();
        while ((ulong)duration > longest)
        {
            ulong found = _longest[kind].CompareExchange((ulong)duration, longest);
            if (found == longest) break;
            longest = found;
        }
    }

    public void Blame(int waiter, int holder, long duration) => _blame[(waiter * kinds) + holder].Add(duration);

    public void AddHold(int kind, long duration)
    {
        _holds[kind].Add(1);
        _held[kind].Add(duration);
    }

    public RangeLockStatistics Snapshot() => new(
        [.. _waits.Select(word => (long)word.LoadRelaxed())],
        Nanoseconds(_waited),
        Nanoseconds(_longest),
        [.. _holds.Select(word => (long)word.LoadRelaxed())],
        Nanoseconds(_held),
        Nanoseconds(_blame));

    private static long[] Nanoseconds(Word64[] words) => [.. words.Select(word => Clock.Nanoseconds(0, (long)word.LoadRelaxed()))];
}
