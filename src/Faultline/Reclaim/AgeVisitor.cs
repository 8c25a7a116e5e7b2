using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline.Reclaim;

/// <summary>Finds out whether a page was used since reclaim looked last, and whether it may leave at all (Linux <c>folio_referenced()</c>).</summary>
/// <remarks>
/// <code>
///   used since?   was inactive          was inactive, referenced     was active
///   yes           → referenced          → active                     stays
///   no            leaves                leaves                       → inactive
/// </code>
/// Linux keeps a list for each of the two; here they are bits that the clock meets, see <see cref="Reclaimer"/>. If nobody asks for use, because the page shall leave in any
/// case, what must stay still stays: to take a page from one of two spaces while the other has it locked would free nothing. Of a file's page calls are users too, which need no
/// entry for it (<see cref="FrameState.Touched"/>).
/// </remarks>
internal struct AgeVisitor(PhysicalMemory memory, bool asksForUse) : IMappingVisitor
{
    private bool _isUsed, _isKept, _wasActive;

    /// <summary>An entry maps the page.</summary>
    public bool HasEntries { get; private set; }

    /// <summary>One of them has been written through.</summary>
    public bool HasDirtyEntries { get; private set; }

    /// <summary>The page is old enough to leave.</summary>
    public readonly bool MayLeave => !_isUsed && !_isKept && !_wasActive;

    /// <summary>What calls did with a page of a file. Before the walk, under the page's lock; false ends it.</summary>
    public bool TryBegin(ref FrameInfo frame)
    {
        _isKept = frame.IsPinned;
        if (asksForUse && !_isKept && frame.Is(FrameState.Touched))
        {
            frame.Clear(FrameState.Touched);
            Promote(ref frame);
        }

        return !_isKept;
    }

    /// <summary>Ages a page of a file that no entry maps. After the walk, under the page's lock.</summary>
    public void End(ref FrameInfo frame)
    {
        if (asksForUse && !HasEntries) Demote(ref frame);
    }

    /// <inheritdoc/>
    public bool Visit(in Mapping mapping, Pte value)
    {
        HasEntries = true;
        HasDirtyEntries |= value.IsDirty;
        ref FrameInfo frame = ref memory.Info(value.Frame);
        _isKept = mapping.Area.Has(AreaFlags.Locked) || frame.IsPinned;
        if (_isKept) return false;
        if (!asksForUse) return true;
        if (value.IsAccessed)
        {
            Forget(mapping);
            Promote(ref frame);
        }
        else
        {
            Demote(ref frame);
        }

        return true;
    }

    private void Promote(ref FrameInfo frame)
    {
        frame.Set(frame.Is(FrameState.Referenced) ? FrameState.Active : FrameState.Referenced);
        _isUsed = true;
    }

    private void Demote(ref FrameInfo frame)
    {
        if (_isUsed || !frame.Is(FrameState.Active)) return;
        frame.Clear(FrameState.Active | FrameState.Referenced);
        _wasActive = true;
    }

    /// <summary>
    /// Clears the accessed bit and takes the translations away, so that the next access sets it again. Without waiting: an access that still gets through costs the page
    /// its youth, and nothing else.
    /// </summary>
    private static void Forget(in Mapping mapping)
    {
        Native.And(ref mapping.Entry, ~Pte.AccessedBit);
        Shootdown.Forget(mapping.Space, Native.LoadAcquire(ref mapping.Table.Accessors), mapping.Address);
    }
}
