using Faultline.Locking;

namespace Faultline.Traces;

/// <summary>Who held and who waited for the address-space locks, all spaces together.</summary>
/// <param name="Waits">Acquisitions that had to wait.</param>
/// <param name="WaitedNanoseconds">Their time, all threads together.</param>
/// <param name="Calls">By kind of user, those that did neither left out.</param>
/// <param name="Behind">By waiter and holder, the longest first.</param>
public sealed record LockReport(long Waits, long WaitedNanoseconds, IReadOnlyList<LockCalls> Calls, IReadOnlyList<LockBlame> Behind)
{
    /// <inheritdoc cref="LockStatistics.RefinedProtects"/>
    public long RefinedProtects { get; init; }

    /// <inheritdoc cref="LockStatistics.WidenedProtects"/>
    public long WidenedProtects { get; init; }
}

/// <summary>One kind of user of the address-space locks.</summary>
/// <param name="User">What it does.</param>
/// <param name="Writes">Acquisitions for write; those for read are not counted.</param>
/// <param name="MeanWriteHoldNanoseconds">How long each of <paramref name="Writes"/> held the lock, from samples; 0 if there is none.</param>
/// <param name="Ranges">Ranges that were held, shared ones too; an estimate from every 61st. 0 under <see cref="WriterLock.MmapLock"/>.</param>
/// <param name="MeanRangeHoldNanoseconds">How long each of <paramref name="Ranges"/> was held; 0 if there is none.</param>
/// <param name="HeldNanoseconds">How long all of them were held, and the lock for write; an estimate.</param>
/// <param name="Waits">Acquisitions, for read and for write, that had to wait.</param>
/// <param name="WaitedNanoseconds">Their time.</param>
/// <param name="LongestWaitNanoseconds">The longest of them.</param>
public sealed record LockCalls(
    LockUser User, long Writes, double MeanWriteHoldNanoseconds, long Ranges, double MeanRangeHoldNanoseconds, long HeldNanoseconds, long Waits,
    long WaitedNanoseconds, long LongestWaitNanoseconds);

/// <summary>Time waited by one kind of user behind another.</summary>
/// <param name="Waiter">Who waited.</param>
/// <param name="Holder">Who held the lock.</param>
/// <param name="Nanoseconds">How long, all threads together.</param>
public sealed record LockBlame(LockUser Waiter, LockUser Holder, long Nanoseconds);
