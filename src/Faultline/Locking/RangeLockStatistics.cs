namespace Faultline.Locking;

/// <summary>Who waited for ranges of a <see cref="RangeLock"/>, how long, and behind whom, by kind of user. A snapshot.</summary>
public sealed class RangeLockStatistics
{
    private readonly long[] _waits, _waited, _longest, _holds, _held, _blame;

    internal RangeLockStatistics(long[] waits, long[] waited, long[] longest, long[] holds, long[] held, long[] blame) =>
        (_waits, _waited, _longest, _holds, _held, _blame) = (waits, waited, longest, holds, held, blame);

    /// <summary>The number of kinds that the lock tells apart.</summary>
    public int Kinds => _waits.Length;

    /// <summary>Requests of all kinds that had to wait.</summary>
    public long TotalWaits => _waits.Sum();

    /// <summary>Requests that had to wait, also those that gave up.</summary>
    public long Waits(int kind) => _waits[kind];

    /// <summary>Time that they waited in all.</summary>
    public long WaitedNanoseconds(int kind) => _waited[kind];

    /// <summary>The longest single wait.</summary>
    public long LongestWaitNanoseconds(int kind) => _longest[kind];

    /// <summary>The part of <paramref name="waiter"/>'s waits that was for a request of <paramref name="other"/>, which held the range or waited itself.</summary>
    public long BlamedNanoseconds(int waiter, int other) => _blame[(waiter * Kinds) + other];

    /// <summary>Requests that were granted and let go; an estimate from every 61st of the lock.</summary>
    public long Holds(int kind) => _holds[kind] * (long)RangeLockAccounts.SampleEvery;

    /// <summary>Time for which they held their ranges in all; an estimate as <see cref="Holds"/>.</summary>
    public long HeldNanoseconds(int kind) => _held[kind] * (long)RangeLockAccounts.SampleEvery;

    /// <summary>Mean time for which a range was held, from every 61st request; NaN if there was none.</summary>
    public double MeanHoldNanoseconds(int kind) => (double)_held[kind] / _holds[kind];
}
