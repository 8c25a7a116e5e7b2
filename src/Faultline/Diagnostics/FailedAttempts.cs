namespace Faultline.Diagnostics;

/// <summary>Tries of speculative attempts that were in vain: all of them, and those that were timed.</summary>
/// <param name="Count">All.</param>
/// <param name="Timed">Those that were timed.</param>
/// <param name="TimedNanoseconds">The time that those took.</param>
internal readonly record struct FailedAttempts(long Count, long Timed, long TimedNanoseconds)
{
    /// <summary>What all took if they took what the timed ones did on average; null if some failed and none of them was timed.</summary>
    public long? Nanoseconds => Timed > 0 ? (long)((double)TimedNanoseconds / Timed * Count) : Count > 0 ? null : 0;

    /// <summary>Adds another sum, or with -1 takes it away.</summary>
    public FailedAttempts Plus(FailedAttempts other, int sign = 1) =>
        new(Count + (sign * other.Count), Timed + (sign * other.Timed), TimedNanoseconds + (sign * other.TimedNanoseconds));
}
