using Faultline.Areas;
using Faultline.Locking;
using Faultline.Sync;

namespace Faultline;

/// <content>
/// Writers under ranges. Under <see cref="WriterLock.RangeLock"/> the <see cref="MmapLock"/> stays the lock of those that need the whole space, and everybody else holds it
/// for read; a range is always taken second.
/// </content>
public sealed partial class AddressSpace
{
    // Places that a map tries before it takes the whole space, and widenings before any other call does.
    private const int MaxSearches = 16, MaxWidenings = 4;

    // Null under WriterLock.MmapLock.
    private readonly RangeLock? _ranges;

    // What range writers change areas with: one for some threads each, made by the first of them and published by compare-and-swap.
    private const int ChangeSlots = 16;
    private readonly Ref<AreaChange?>[] _changes = new Ref<AreaChange?>[ChangeSlots];

    /// <summary>Counts of writers, for <see cref="FaultDesign.SpaceSequence"/>; null under other designs.</summary>
    internal WriterCounts? Writers { get; }

    /// <summary>Keeps the areas of a range as they are: for classic faults, and calls that look. Outside sections, holding nothing.</summary>
    internal RangeHold EnterRead(LockUser user, ulong start, ulong end)
    {
        MmapLock.EnterRead(user);
        return _ranges is null || start >= end ? default : _ranges.Enter(start, end, isExclusive: false, (int)user);
    }

    /// <summary>Ends <see cref="EnterRead"/>.</summary>
    internal void ExitRead(RangeHold hold)
    {
        hold.Dispose();
        MmapLock.ExitRead();
    }

    /// <summary>Keeps range writers out once the space's lock is not held for write any more. Called while it is: then nobody holds a range, and this never waits.</summary>
    internal RangeHold ShareAllRanges(LockUser user) => _ranges?.Enter(0, ulong.MaxValue, isExclusive: false, (int)user) ?? default;

    /// <summary>
    /// Locks what a change of [<paramref name="start"/>, <paramref name="end"/>) may concern. Outside sections, holding nothing. The wait is killable: see
    /// <see cref="WriterHold.IsKilled"/>.
    /// </summary>
    private WriterHold EnterWrite(LockUser user, ulong start, ulong end) => EnterWrite(user, new Change(start, end));

    /// <inheritdoc cref="EnterWrite(LockUser, ulong, ulong)"/>
    private WriterHold EnterWrite<T>(LockUser user, T concern)
        where T : struct, IConcern
    {
        if (_ranges is null || !MmapLock.TryEnterRead(user, FatalSignal)) return EnterWriteWhole(user);
        (ulong low, ulong high) = concern.Of(this);

        // An empty range, or one that wraps, is an error or nothing: to be told by who holds everything.
        for (int i = 0; i < MaxWidenings && low < high; i++)
        {
            if (!TryEnterRange(user, low, high, out RangeHold range)) break;
            (ulong lowNow, ulong highNow) = concern.Of(this);
            bool isEnough = low <= lowNow && highNow <= high;
#if FAULTLINE_EXPLORE
            isEnough |= Mutants.Active == Mutant.SkipSecondLookUnderRange;
#endif
            if (isEnough) return WriterHold.OfRanges(this, TakeChange(), user, new RangeHolds(range));

            // The neighbours changed before the range was held. To let go before asking for more is what keeps two calls that widen from waiting for each other.
            range.Dispose();
            (low, high) = (Math.Min(low, lowNow), Math.Max(high, highNow));
        }

        MmapLock.ExitRead();
        return EnterWriteWhole(user);
    }

    private WriterHold EnterWriteWhole(LockUser user) =>
        MmapLock.TryEnterWrite(user, FatalSignal) ? WriterHold.OfWhole(this, _change, user) : default;

    /// <summary>Finds the place of a map and locks what it may concern; nothing is held after an error. Outside sections, holding nothing.</summary>
    /// <remarks>
    /// The place is searched among the areas as they are, without a lock, and looked at again once its range is held. A place whose range somebody holds is passed
    /// over: the hole that a huge unmap is about to leave would be the first choice of every new stack, and each would wait for the unmap.
    /// </remarks>
    private Errno EnterForMap(in MapRequest request, out ulong start, out WriterHold hold)
    {
        if (_ranges is null || !MmapLock.TryEnterRead(LockUser.Map, FatalSignal)) return EnterForMapWhole(in request, out start, out hold);
        var placement = new Placement(this);
        ulong ceiling = Options.MmapBase;
        for (int i = 0; i < MaxSearches; i++)
        {
            if (HasTooManyAreas || placement.Find(in request, ceiling, out start) != Errno.None) break;
            if (request.Place is { } place) start = place.Take(start);
            ulong end = start + request.Length;
            AreaNeighbourhood around = Around(start, end);
            (ulong low, ulong high) = Concerned(in around, start, end);
            RangeHold range;
            if (request.IsFixed || request.Place is not null)
            {
                if (!TryEnterRange(LockUser.Map, low, high, out range)) break;
            }
            else if (!_ranges.TryEnter(low, high, isExclusive: true, out range, out ulong heldFrom, (int)LockUser.Map))
            {
                ceiling = Math.Min(heldFrom, start);
                continue;
            }

            if (!around.IsCurrent) around = Around(start, end);
            (ulong lowNow, ulong highNow) = Concerned(in around, start, end);
            bool isStillFree = request.IsFixed || request.Place is not null || around.IsFree(end);
            if (isStillFree && low <= lowNow && highNow <= high)
            {
                hold = WriterHold.OfRanges(this, TakeChange(), LockUser.Map, new RangeHolds(range));
                return Errno.None;
            }

            range.Dispose();
        }

        // No room but what is held, no luck, or an error: to be told by who holds everything.
        MmapLock.ExitRead();
        return EnterForMapWhole(in request, out start, out hold);
    }

    private Errno EnterForMapWhole(in MapRequest request, out ulong start, out WriterHold hold)
    {
        start = 0;
        hold = EnterWriteWhole(LockUser.Map);
        if (hold.IsKilled) return Errno.EINTR;
        Errno error = HasTooManyAreas ? Errno.ENOMEM : new Placement(this).Find(in request, Options.MmapBase, out start);
        if (error != Errno.None) hold.Exit();
        else if (request.Place is { } place) start = place.Take(start);
        return error;
    }

    /// <summary>
    /// Nobody but the caller, who holds [<paramref name="heldLow"/>, <paramref name="heldHigh"/>), is in [<paramref name="start"/>, <paramref name="end"/>), and no area lies there
    /// outside of what he holds. Asked after a full fence, for <see cref="RangeLock.IsHeld"/>.
    /// </summary>
    /// <remarks>
    /// Who holds is looked for before and after the areas. Who has added an area before the first look has let go of his range, and the area is seen. Who removes one before the areas are
    /// looked at holds his range until nobody finds tables through the area any more, truncation and reclaim, which hold no range, among them: the second look sees him.
    /// </remarks>
    internal bool IsFreeBesides(ulong heldLow, ulong heldHigh, ulong start, ulong end)
    {
        if (IsHeldBesides(heldLow, heldHigh, start, end)) return false;
        if ((start < heldLow && Areas.FindWithin(start, heldLow) is not null) || (heldHigh < end && Areas.FindWithin(heldHigh, end) is not null)) return false;
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.LookForHoldersOnce) return true;
#endif
        return !IsHeldBesides(heldLow, heldHigh, start, end);
    }

    private bool IsHeldBesides(ulong heldLow, ulong heldHigh, ulong start, ulong end) =>
        _ranges is not null && ((start < heldLow && _ranges.IsHeld(start, heldLow)) || (heldHigh < end && _ranges.IsHeld(heldHigh, end)));

    private AreaChange TakeChange()
    {
        ref Ref<AreaChange?> slot = ref _changes[Threads.CurrentId % ChangeSlots];
        AreaChange change = slot.LoadAcquire() ?? AddChange(ref slot);
        return change.TryTake() ? change : new AreaChange(this, isWhole: false, isKept: false);
    }

    private AreaChange AddChange(ref Ref<AreaChange?> slot)
    {
        var change = new AreaChange(this, isWhole: false, isKept: true);
        if (slot.CompareExchange(change, null) is { } other) return other;
        Usage.Register(change.Room);
        return change;
    }

    private static (MmapLock Whole, WriterCounts? Writers, RangeLock? Ranges, AreaUsage Usage) CreateLocks(AddressSpaceOptions options)
    {
        bool hasRanges = options.WriterLock == WriterLock.RangeLock;
        WriterCounts? writers = options.Design == FaultDesign.SpaceSequence ? new WriterCounts() : null;
        return (new MmapLock(writers, hasRanges), writers, hasRanges ? new RangeLock(LockUsers.Count) : null, new AreaUsage());
    }
}
