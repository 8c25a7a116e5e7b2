using Faultline.Areas;
using Faultline.Locking;

namespace Faultline;

/// <content>
/// <c>mprotect</c> that locks no more than it changes: Kogan, Dice and Issa's speculative refinement (EuroSys 2020). What a call needs is known once its areas have been looked at,
/// which needs a lock; so it is guessed, locked, and looked at again.
/// </content>
/// <remarks>
/// The paper looks under a range held for read and then lets go of it to take another. Here the first look takes no lock at all, since the second decides either way: the tree is
/// read without one.
/// </remarks>
public sealed partial class AddressSpace
{
    // mprotects under ranges, by what they locked. Atomic additions; read without order. Not beside the words of the space that each fault reads.
    private OwnCacheLine _refined, _widened;

    /// <summary>True if all of a range has the rights asked for: then there is nothing to do, and the range is locked for read while that is found.</summary>
    private bool HasRights(ulong start, ulong end, AreaFlags rights)
    {
        if (_ranges is null || IsKilled || !HasRightsNow(start, end, rights)) return false;
        RangeHold range = EnterRead(LockUser.Protect, start, end);
        bool has = HasRightsNow(start, end, rights);
        ExitRead(range);
        if (has) _refined.Word.Add(1);
        return has;
    }

    private bool HasRightsNow(ulong start, ulong end, AreaFlags rights) =>
        Areas.Find(start) is { } area && area.End >= end && (area.Flags & AreaFlags.AccessMask) == rights && (rights & ~MayBitsAsRights(area.Flags)) == 0;

    /// <summary>Locks a range and the pages at its sides, if that is all that the call changes or looks at; else what <see cref="Concerned(ulong, ulong)"/> says.</summary>
    private WriterHold EnterForProtect(ulong start, ulong end, AreaFlags rights, bool mayRefine)
    {
        if (_ranges is null) return EnterWriteWhole(LockUser.Protect);
        if (mayRefine && IsOneAreaThatStaysApart(start, end, rights))
        {
            // With the pages beside it: whoever changes a neighbour has locked that page too, so the neighbour stays what it is.
            if (!MmapLock.TryEnterRead(LockUser.Protect, FatalSignal)) return default;
            bool isEnough = TryEnterRange(LockUser.Protect, start - Page.Size, end + Page.Size, out RangeHold range) && IsOneAreaThatStaysApart(start, end, rights);
#if FAULTLINE_EXPLORE
            isEnough |= Sync.Mutants.Active == Sync.Mutant.SkipSecondLookUnderRange;
#endif
            if (isEnough)
            {
                _refined.Word.Add(1);
                return WriterHold.OfRanges(this, TakeChange(), LockUser.Protect, new RangeHolds(range));
            }

            range.Dispose();
            MmapLock.ExitRead();
        }

        _widened.Word.Add(1);
        return EnterWrite(LockUser.Protect, start, end);
    }

    /// <summary>The range is one area, which neither of its neighbours merges with once it has the rights.</summary>
    /// <remarks>
    /// Whether a change of rights also changes what is counted against overcommit depends on the area's AnonVma, which a fault may set at any time: no merge either way. Beyond
    /// that an AnonVma that comes later never makes two areas alike that were not before: it joins a neighbour only if the two could share one already.
    /// </remarks>
    private bool IsOneAreaThatStaysApart(ulong start, ulong end, AreaFlags rights)
    {
        if (start < Page.Size || Areas.Find(start) is not { } area || area.Start != start || area.End != end) return false;
        AreaFlags flags = (area.Flags & ~AreaFlags.AccessMask) | rights;
        return !_change.WouldMerge(area, start, end, flags | AreaFlags.Account, area.Handler)
            && !_change.WouldMerge(area, start, end, flags & ~AreaFlags.Account, area.Handler);
    }
}
