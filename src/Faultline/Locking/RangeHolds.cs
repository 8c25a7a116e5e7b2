namespace Faultline.Locking;

/// <summary>The ranges that one writer holds: the one that it waited for and, at most once, what it could add to that without waiting.</summary>
/// <remarks>
/// <para>A move has a source and a target. Two ranges that are waited for one after the other would let two calls wait for each other, and not only if they take
/// them in different orders: who comes later waits also behind those who only wait.</para>
/// <code>
///   mremap: source [0,1), target [8,9)       munmap [0,9)
///   holds [0,1)
///                                            waits for [0,1)
///   asks for [8,9): waits behind the munmap, which came first
/// </code>
/// <para>So nobody waits for a range while it holds one. What cannot be added at once is asked for again as one range that covers both, with nothing held. Each wait is
/// then for earlier requests only, which wait for still earlier ones: no circle.</para>
/// </remarks>
internal struct RangeHolds
{
    // The added ones begin and end where the first one does, or lie apart from it.
    private readonly RangeHold _first;
    private RangeHold _below, _above;

    public RangeHolds(RangeHold first) => _first = first;

    /// <summary>All of [<paramref name="low"/>, <paramref name="high"/>) is held.</summary>
    public readonly bool Covers(ulong low, ulong high)
    {
        (ulong heldLow, ulong heldHigh) = Around(low);
        return heldLow <= low && high <= heldHigh;
    }

    /// <summary>What is held around <paramref name="address"/> without a gap; empty if the address is not held.</summary>
    public readonly (ulong Low, ulong High) Around(ulong address)
    {
        (ulong low, ulong high) = (_first.Start, _first.End);
        if (_below.End == low && _below.End != 0) low = _below.Start;
        if (_above.Start == high && _above.End != 0) high = _above.End;
        if (low <= address && address < high) return (low, high);
        if (_below.Start <= address && address < _below.End) return (_below.Start, _below.End);
        return _above.Start <= address && address < _above.End ? (_above.Start, _above.End) : (address, address);
    }

    /// <summary>Adds what is missing of [<paramref name="low"/>, <paramref name="high"/>) without waiting; if that fails, nothing is added, and a range in conflict begins at <paramref name="heldFrom"/>.</summary>
    public bool TryAdd(RangeLock ranges, ulong low, ulong high, LockUser user, out ulong heldFrom)
    {
        heldFrom = 0;
#if FAULTLINE_EXPLORE
        if (Sync.Mutants.Active == Sync.Mutant.WaitWithARangeHeld)
        {
            if (low < _first.Start) _below = ranges.Enter(low, Math.Min(high, _first.Start), isExclusive: true, (int)user);
            if (high > _first.End) _above = ranges.Enter(Math.Max(low, _first.End), high, isExclusive: true, (int)user);
            return true;
        }
#endif
        if (low < _first.Start && !ranges.TryEnter(low, Math.Min(high, _first.Start), isExclusive: true, out _below, out heldFrom, (int)user)) return false;
        if (high <= _first.End || ranges.TryEnter(Math.Max(low, _first.End), high, isExclusive: true, out _above, out heldFrom, (int)user)) return true;
        DropAdded();
        return false;
    }

    /// <summary>Lets go of what was added.</summary>
    public void DropAdded()
    {
        _below.Dispose();
        _above.Dispose();
        _below = _above = default;
    }

    /// <summary>Shares the range from now on. Nothing was added to it.</summary>
    public readonly void Downgrade() => _first.Downgrade();

    /// <summary>Lets go of everything.</summary>
    public readonly void Dispose()
    {
        _below.Dispose();
        _above.Dispose();
        _first.Dispose();
    }
}
