namespace Faultline.Locking;

/// <summary>Who waited for an address space's lock, how long, and behind whom. A snapshot.</summary>
public sealed class LockStatistics
{
    private readonly Row[] _rows = new Row[LockUsers.Count];
    private readonly long[] _blame = new long[LockUsers.Count * LockUsers.Count];

    internal LockStatistics()
    {
    }

    /// <summary>Every kind of user, in the order of the enumeration.</summary>
    public static IReadOnlyList<LockUser> Users { get; } = Enum.GetValues<LockUser>();

    /// <summary>Acquisitions, for read and for write, that had to wait.</summary>
    public long Waits(LockUser user) => _rows[(int)user].Waits;

    /// <summary>Time that the acquisitions of <see cref="Waits"/> took, waking up included.</summary>
    public long WaitedNanoseconds(LockUser user) => _rows[(int)user].Waited;

    /// <summary>The longest single wait.</summary>
    public long LongestWaitNanoseconds(LockUser user) => _rows[(int)user].Longest;

    /// <summary>
    /// The part of <paramref name="waiter"/>'s waits during which <paramref name="holder"/> held the lock. Of several readers the one
    /// that entered last stands for all; the moments in which the lock passes on count to whoever leaves it.
    /// </summary>
    public long BlamedNanoseconds(LockUser waiter, LockUser holder) => _blame[Index(waiter, holder)];

    /// <summary>Acquisitions for write, waited for or not. Readers are not counted: it would cost each of them an atomic operation.</summary>
    public long Writes(LockUser user) => _rows[(int)user].Writes;

    /// <summary>Mean time for which the lock was held for write, from every 64th acquisition of each kind; NaN if there was none.</summary>
    public double MeanWriteHoldNanoseconds(LockUser user) => (double)_rows[(int)user].SampledHold / _rows[(int)user].Samples;

    /// <summary>Acquisitions of all kinds that had to wait.</summary>
    public long TotalWaits => Sum(static row => row.Waits);

    /// <summary>Time waited by all kinds.</summary>
    public long TotalWaitedNanoseconds => Sum(static row => row.Waited);

    /// <summary>Time for which the lock was held for write in all, from the same samples.</summary>
    public long WriteHeldNanoseconds(LockUser user)
    {
        Row row = _rows[(int)user];
        return row.Samples == 0 ? 0 : (long)((double)row.SampledHold / row.Samples * row.Writes);
    }

    /// <summary>Ranges that were held under <see cref="WriterLock.RangeLock"/>, shared ones too; an estimate from every 61st.</summary>
    public long Ranges(LockUser user) => _rows[(int)user].Ranges;

    /// <summary>Time for which they were held in all; an estimate as <see cref="Ranges"/>.</summary>
    public long RangesHeldNanoseconds(LockUser user) => _rows[(int)user].RangesHeld;

    /// <summary>Calls of <c>mprotect</c> under <see cref="WriterLock.RangeLock"/> that locked no more than the pages they name and one on each side: nothing had to be split or merged.</summary>
    public long RefinedProtects { get; internal set; }

    /// <summary>Calls of <c>mprotect</c> under <see cref="WriterLock.RangeLock"/> that locked all areas that they might split or merge with.</summary>
    public long WidenedProtects { get; internal set; }

    /// <summary>Adds those of a range lock whose kinds are <see cref="LockUser"/>s.</summary>
    internal void Add(RangeLockStatistics ranges)
    {
        for (int i = 0; i < LockUsers.Count; i++)
        {
            ref Row row = ref _rows[i];
            row.Waits += ranges.Waits(i);
            row.Waited += ranges.WaitedNanoseconds(i);
            row.Longest = Math.Max(row.Longest, ranges.LongestWaitNanoseconds(i));
            row.Ranges += ranges.Holds(i);
            row.RangesHeld += ranges.HeldNanoseconds(i);
            for (int holder = 0; holder < LockUsers.Count; holder++) _blame[Index((LockUser)i, (LockUser)holder)] += ranges.BlamedNanoseconds(i, holder);
        }
    }

    internal void SetWaits(LockUser user, long waits, long waited, long longest)
    {
        ref Row row = ref _rows[(int)user];
        (row.Waits, row.Waited, row.Longest) = (waits, waited, longest);
    }

    internal void SetWrites(LockUser user, long writes, long samples, long sampledHold)
    {
        ref Row row = ref _rows[(int)user];
        (row.Writes, row.Samples, row.SampledHold) = (writes, samples, sampledHold);
    }

    internal void SetBlame(LockUser waiter, LockUser holder, long nanoseconds) => _blame[Index(waiter, holder)] = nanoseconds;

    private static int Index(LockUser waiter, LockUser holder) => ((int)waiter * LockUsers.Count) + (int)holder;

    private long Sum(Func<Row, long> part)
    {
        long sum = 0;
        foreach (Row row in _rows) sum += part(row);
        return sum;
    }

    private struct Row
    {
        public long Waits, Waited, Longest, Writes, Samples, SampledHold, Ranges, RangesHeld;
    }
}
