using Faultline.Areas;

namespace Faultline.Locking;

/// <summary>What a call holds while it changes areas: the space's lock for write, or for read together with ranges.</summary>
internal struct WriterHold
{
    private readonly AddressSpace _space;
    private readonly LockUser _user;
    private readonly bool _isRange;
    private RangeHolds _ranges;
    private bool _isShared;

    private WriterHold(AddressSpace space, AreaChange change, LockUser user, in RangeHolds ranges, bool isRange)
    {
        _space = space;
        Change = change;
        _user = user;
        _ranges = ranges;
        _isRange = isRange;
    }

    /// <summary>The holder's own.</summary>
    public AreaChange Change { get; }

    /// <summary>Nothing is held: the space was killed before (Linux <c>mmap_write_lock_killable()</c>). Such a hold can only be let go.</summary>
    public readonly bool IsKilled => Change is null;

    /// <summary>The space's lock is held for write.</summary>
    public static WriterHold OfWhole(AddressSpace space, AreaChange change, LockUser user) => new(space, change, user, default, isRange: false);

    /// <summary>The space's lock is held for read, and ranges exclusively.</summary>
    public static WriterHold OfRanges(AddressSpace space, AreaChange change, LockUser user, in RangeHolds ranges)
    {
        change.Bound(in ranges);
        space.Writers?.Begin();
        return new WriterHold(space, change, user, in ranges, isRange: true);
    }

    /// <summary>Ranges are held, not the whole space.</summary>
    public readonly bool IsRange => _isRange;

    /// <summary>
    /// The error is that of a call under a range that only the holder of the whole space can tell: it counts what others are about to add, or found no place
    /// but what others hold. The call is made again by who holds everything.
    /// </summary>
    public readonly bool IsRefusal(Errno error) => error != Errno.None && Change.Room.WasRefused;

    /// <summary>As <see cref="RangeHolds.TryAdd"/>.</summary>
    public bool TryAdd(RangeLock ranges, ulong low, ulong high, out ulong heldFrom)
    {
        bool added = _ranges.TryAdd(ranges, low, high, _user, out heldFrom);
        Change.Bound(in _ranges);
        return added;
    }

    /// <summary>Lets go of what was added.</summary>
    public void DropAdded()
    {
        _ranges.DropAdded();
        Change.Bound(in _ranges);
    }

    /// <summary>Admits those that look, once the areas are changed: pages and tables that nobody can reach any more are still to be freed.</summary>
    /// <remarks>
    /// The space's lock held for read keeps no writer out that locks a range. So the holder of the whole space shares every range from now on:
    /// <code>
    ///   munmap, whole space                      mmap, under a range
    ///   area out of the tree
    ///   space's lock: write → read
    ///                                            space's lock for read; range: free
    ///                                            new area into the hole; a write finds the old page
    ///   zap the old pages: the write is lost
    /// </code>
    /// </remarks>
    public void Downgrade()
    {
        _isShared = true;
        if (!_isRange)
        {
            bool shares = true;
#if FAULTLINE_EXPLORE
            shares = Sync.Mutants.Active != Sync.Mutant.KeepRangesFreeAtDowngrade;
#endif
            Change.Room.End();
            if (shares) _ranges = new RangeHolds(_space.ShareAllRanges(_user));
            _space.MmapLock.Downgrade();
            return;
        }

        Change.Room.End();
        _space.Writers?.End();
        _ranges.Downgrade();
    }

    /// <summary>Lets go.</summary>
    public readonly void Exit()
    {
        if (IsKilled) return;
        if (!_isRange && !_isShared)
        {
            Change.Room.End();
            _space.MmapLock.ExitWrite();
            return;
        }

        if (_isRange)
        {
            // Before the space's lock: who holds everything finds nothing under way.
            Change.Room.End();
            if (!_isShared) _space.Writers?.End();
            Change.Return();
        }

        _ranges.Dispose();
        _space.MmapLock.ExitRead();
    }
}
