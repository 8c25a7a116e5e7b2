using Faultline.Areas;

namespace Faultline.Locking;

/// <summary>What a call holds while it changes areas: the space's lock for write, or for read together with a range.</summary>
internal struct WriterHold
{
    private readonly AddressSpace _space;
    private readonly RangeHold _range;
    private readonly bool _isRange;
    private bool _isShared;

    private WriterHold(AddressSpace space, AreaChange change, RangeHold range, bool isRange)
    {
        _space = space;
        Change = change;
        _range = range;
        _isRange = isRange;
    }

    /// <summary>The holder's own.</summary>
    public AreaChange Change { get; }

    /// <summary>The space's lock is held for write.</summary>
    public static WriterHold OfWhole(AddressSpace space, AreaChange change) => new(space, change, default, isRange: false);

    /// <summary>The space's lock is held for read, and a range exclusively.</summary>
    public static WriterHold OfRange(AddressSpace space, AreaChange change, RangeHold range)
    {
        change.Bound(range.Start, range.End);
        space.Writers?.Begin();
        return new WriterHold(space, change, range, isRange: true);
    }

    /// <summary>Admits those that look, once the areas are changed: pages and tables that nobody can reach any more are still to be freed.</summary>
    public void Downgrade()
    {
        _isShared = true;
        if (!_isRange)
        {
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
            _space.MmapLock.ExitRead();
        }
        else
        {
            _space.MmapLock.ExitWrite();
        }
    }
}
