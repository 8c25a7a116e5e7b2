using System.Diagnostics;

namespace Faultline.Locking;

/// <summary>The state of an <see cref="MmapLock"/> in one word.</summary>
/// <remarks>
/// <code>
///  63                         16 15         8 7        3     2         1         0
/// +-----------------------------+------------+----------+---------+---------+--------+
/// | readers                     | user       | 0        | reserved| waiters | writer |
/// +-----------------------------+------------+----------+---------+---------+--------+
/// </code>
/// <list type="bullet">
/// <item>writer: held for write. Never together with readers.</item>
/// <item>waiters: the queue is not empty. Changes only under the queue's gate.</item>
/// <item>reserved: the first waiter has waited too long, nobody else may take the lock (Linux <c>RWSEM_FLAG_HANDOFF</c>).</item>
/// <item>user: what the holder that entered last is doing, kept after it has left. It rides along in the compare-and-swap that takes the
/// lock, so knowing whom to blame costs nothing.</item>
/// <item>readers: a count, on top, so that no carry can reach another field.</item>
/// </list>
/// </remarks>
internal readonly struct LockWord(ulong value)
{
    private const int WriterShift = 0;
    private const int WaitersShift = WriterShift + 1;
    private const int ReservedShift = WaitersShift + 1;
    private const int UserShift = 8;
    private const int UserBits = 8;
    private const int ReaderShift = UserShift + UserBits;

    private const ulong Writer = 1UL << WriterShift;
    private const ulong Waiters = 1UL << WaitersShift;
    private const ulong Reserved = 1UL << ReservedShift;
    private const ulong UserMask = ((1UL << UserBits) - 1) << UserShift;
    private const ulong ReaderMask = ~0UL << ReaderShift;

    /// <summary>What taking the lock for read adds, and leaving it takes away.</summary>
    public const long OneReader = 1L << ReaderShift;

    /// <summary>What leaving the lock as its writer takes away.</summary>
    public const long OneWriter = 1L << WriterShift;

    public ulong Value { get; } = value;

    public bool IsWriteHeld => (Value & Writer) != 0;

    public bool IsHeld => (Value & (Writer | ReaderMask)) != 0;

    public bool HasWaiters => (Value & Waiters) != 0;

    public bool IsReserved => (Value & Reserved) != 0;

    public long Readers => (long)(Value >> ReaderShift);

    public LockUser User => (LockUser)((Value & UserMask) >> UserShift);

    /// <summary>A newcomer may read: not held for write, and nobody waits whom it would pass.</summary>
    public bool AdmitsReader => (Value & (Writer | Waiters | Reserved)) == 0;

    /// <summary>A newcomer may write at once: not held, and nobody waits.</summary>
    public bool AdmitsWriter => (Value & (Writer | ReaderMask | Waiters | Reserved)) == 0;

    /// <summary>A spinning writer may take the lock past those who sleep: not held and not reserved.</summary>
    public bool AdmitsBarging => (Value & (Writer | ReaderMask | Reserved)) == 0;

    public LockWord WithReaders(long count, LockUser user)
    {
        Debug.Assert(!IsWriteHeld, "Readers never join a writer.");
        return new LockWord((Value & ~UserMask) + (ulong)(count * OneReader) | UserField(user));
    }

    public LockWord WithWriter(LockUser user)
    {
        Debug.Assert(!IsHeld, "A writer joins nobody.");
        return new LockWord(Value & ~UserMask | Writer | UserField(user));
    }

    public LockWord WithWaiters => new(Value | Waiters);

    public LockWord WithoutWaiters => new(Value & ~Waiters);

    public LockWord WithReservation => new(Value | Reserved);

    public LockWord WithoutReservation => new(Value & ~Reserved);

    public override string ToString() =>
        $"{(IsWriteHeld ? $"written by {User}" : Readers > 0 ? $"read by {Readers}, last {User}" : "free")}" +
        $"{(HasWaiters ? ", waiters" : "")}{(IsReserved ? ", reserved" : "")}";

    private static ulong UserField(LockUser user) => (ulong)user << UserShift;
}
