using Faultline.Areas;

namespace Faultline.Locking;

/// <summary>What a call holds while it changes areas: the space's lock for write, or for read together with a range.</summary>
internal struct WriterHold
{
    private readonly AddressSpace _space;
    private readonly LockUser _user;
    private readonly bool _isRange;
    private RangeHold _range;
    private bool _isShared;

    private WriterHold(AddressSpace space, AreaChange change, LockUser user, RangeHold range, bool isRange)
    {
        _space = space;
        Change = change;
        _user = user;
        _range = range;
        _isRange = isRange;
    }

    /// <summary>The holder's own.</summary>
    public AreaChange Change { get; }

    /// <summary>The space's lock is held for write.</summary>
    public static WriterHold OfWhole(AddressSpace space, AreaChange change, LockUser user) => new(space, change, user, default, isRange: false);

    /// <summary>The space's lock is held for read, and a range exclusively.</summary>
    public static WriterHold OfRange(AddressSpace space, AreaChange change, LockUser user, RangeHold range)
    {
        change.Bound(range.Start, range.End);
        space.Writers?.Begin();
        return new WriterHold(space, change, user, range, isRange: true);
    }

    /// <summary>Admits those that look, once the areas are changed: pages and tables that nobody can reach any more are still to be freed.</summary>
    /// <remarks>
    /// The space's lock held for read keeps no writer out that locks a range. So the holder of the whole space shares every range from now on:
    /// <code>
    ///   mremap shrinks, whole space              mmap, under a range
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
            _range = _space.ShareAllRanges(_user);
            _space.MmapLock.Downgrade();
            return;
        }

        _space.Writers?.End();
        _range.Downgrade();
    }

    /// <summary>Lets go.</summary>
    public readonly void Exit()
    {
        if (_isRange)
        {
            if (!_isShared) _space.Writers?.End();
            _space.ReturnChange(Change);
            _space.ExitRead(_range);
        }
        else if (_isShared)
        {
            _space.ExitRead(_range);
        }
        else
        {
            _space.MmapLock.ExitWrite();
        }
    }
}
