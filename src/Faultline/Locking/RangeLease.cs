using Faultline.Sync;

namespace Faultline.Locking;

/// <summary>
/// A range of a <see cref="RangeLock"/> that one thread may hold parts of again and again without looking at anybody else's requests, until somebody else wants some of it
/// (biased locking; Dice and Kogan's BRAVO does the like for readers).
/// </summary>
/// <remarks>
/// <para>It stands in the list of requests as one that holds all of the range exclusively. Its thread takes and leaves a part of it by atomic operations on a word of its own; who comes later
/// and overlaps the range revokes the lease, and from then on it is an earlier request like others: for the part that is held, as long as it is.</para>
/// <code>
///   thread of the lease                          later request
///   part := what it wants
///   word: free → held  (compare-and-swap)        word |= revoked   (returns what it was)
///   failed, revoked: to the end of the list      was free: the lease is over, for ever
///   …                                            was held: in conflict with the part? wait for it
///   word: held → free  (returns what it was)
///   was revoked: over; wake who waits
/// </code>
/// <para>One word decides, so there is no order of two to get wrong. The thread of the lease passes nobody who waits: who waits has revoked.</para>
/// </remarks>
internal sealed class RangeLease : RangeRequest
{
    // Bits of the word; above them the number of the hold, so that a hold that is over is told from the next one.
    private const ulong Held = 1, Exclusive = 2, Revoked = 4;
    private const int NumberShift = 3;

    // A line of nothing, the line of the lease's thread, a line of nothing: others' objects may lie on both sides.
    private const int WordsPerLine = 8, State = WordsPerLine, PartStart = State + 1, PartEnd = State + 2, PartKind = State + 3;

    // State: see above. The part: the thread's own while the state is free, and still while it is held, which publishes it.
    private readonly Word64[] _words = new Word64[3 * WordsPerLine];

    public RangeLease(ulong start, ulong end, int kind)
        : base(start, end, isExclusive: true, kind) => Thread = Threads.CurrentId;

    /// <summary>The only one that takes parts.</summary>
    public int Thread { get; }

    /// <summary>When the hold began, if it is one of those that are measured; else 0. The holder's own.</summary>
    public long PartHeldSince { get; set; }

    /// <summary>How often a part was taken.</summary>
    public ulong Uses => _words[State].LoadRelaxed() >> NumberShift;

    /// <summary>Takes a part, by the lease's thread; never waits. False if the lease is over, does not cover it, or has a part out.</summary>
    public bool TryTake(ulong start, ulong end, bool isExclusive, int kind, out ulong number)
    {
        ref Word64 state = ref _words[State];

        // Acquire: whoever let go of the last part has read what it was.
        ulong before = state.LoadAcquire();
        number = (before >> NumberShift) + 1;
        if ((before & (Held | Revoked)) != 0 || start < Start || end > End) return false;
        _words[PartStart].StoreRelaxed(start);
        _words[PartEnd].StoreRelaxed(end);
        _words[PartKind].StoreRelaxed((ulong)kind);

        // Publishes the part. A full fence, for who then reads what others may take away if nobody is inside: see RangeLock.IsHeld.
        ulong held = (number << NumberShift) | Held | (isExclusive ? Exclusive : 0);
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.TakePartByPlainStore)
        {
            state.StoreRelease(held);
            return true;
        }
#endif
        return state.CompareExchange(held, before) == before;
    }

    /// <summary>The part that <paramref name="number"/> stands for is held.</summary>
    public bool IsHeld(ulong number)
    {
        ulong state = _words[State].LoadAcquire();
        return state >> NumberShift == number && (state & Held) != 0;
    }

    /// <summary>The part that <paramref name="number"/> stands for is held exclusively.</summary>
    public bool IsHeldExclusively(ulong number) => IsHeld(number) && (_words[State].LoadAcquire() & Exclusive) != 0;

    /// <summary>First of the part. For its holder.</summary>
    public ulong HeldStart => _words[PartStart].LoadRelaxed();

    /// <summary>First after the part. For its holder.</summary>
    public ulong HeldEnd => _words[PartEnd].LoadRelaxed();

    /// <summary>What the part's holder does.</summary>
    public override int Kind => (int)_words[PartKind].LoadRelaxed();

    /// <summary>Lets go of the part: releases what its holder did to the next one, or to who has revoked the lease.</summary>
    public void Leave()
    {
        if ((_words[State].And(~(Held | Exclusive)) & Revoked) != 0) Release();
    }

    /// <summary>Others may share the part from now on.</summary>
    public void DowngradePart()
    {
        if ((_words[State].And(~Exclusive) & Revoked) != 0) WakeAll();
    }

    /// <inheritdoc/>
    public override ulong FirstHeld => HeldStart;

    /// <inheritdoc/>
    protected override bool IsInTheWayOf(RangeRequest later)
    {
        // After it is revoked the part stays what it is until the lease is over.
        if (!Overlaps(later.Start, later.End) || !IsStillHeldOnceRevoked()) return false;
        bool shares = !later.IsExclusive && (_words[State].LoadAcquire() & Exclusive) == 0;
        return !shares && PartOverlaps(later.Start, later.End) && !IsReleased;
    }

    /// <inheritdoc/>
    public override bool IsHeldWithin(ulong start, ulong end)
    {
        ulong state = _words[State].LoadAcquire();
        if ((state & Held) == 0) return false;
        bool overlaps = PartOverlaps(start, end);

        // Another number: the hold is over, and the next one, if there is one, began after the caller's fence.
        return overlaps && IsHeld(state >> NumberShift);
    }

    private bool PartOverlaps(ulong start, ulong end) => _words[PartStart].LoadAcquire() < end && start < _words[PartEnd].LoadAcquire();

    private bool IsStillHeldOnceRevoked()
    {
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.LeaveLeaseUnrevoked) return (_words[State].LoadAcquire() & Held) != 0;
#endif
        return (_words[State].LoadAcquire() & Revoked) != 0 ? !IsReleased : Revoke();
    }

    /// <summary>
    /// Ends the lease, with the part that is out if there is one: true then. By any thread. An atomic operation: either the lease's thread fails to take another part, or this sees it.
    /// </summary>
    public bool Revoke()
    {
        ulong before = _words[State].Or(Revoked);
        if ((before & (Held | Revoked)) == 0) Release();
        return !IsReleased;
    }
}
