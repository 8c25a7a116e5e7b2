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
/// case, what must stay still stays: to take a page from one of two spaces while the other has it locked would free nothing.
/// </remarks>
internal struct AgeVisitor(PhysicalMemory memory, bool asksForUse) : IMappingVisitor
{
    private bool _isUsed, _isKept, _wasActive;

    /// <summary>An entry maps the page.</summary>
    public bool HasEntries { get; private set; }

    /// <summary>The page is old enough to leave.</summary>
    public readonly bool MayLeave => HasEntries && !_isUsed && !_isKept && !_wasActive;

    /// <inheritdoc/>
    public bool Visit(in Mapping mapping, Pte value)
    {
        HasEntries = true;
        ref FrameInfo frame = ref memory.Info(value.Frame);
        _isKept = mapping.Area.Has(AreaFlags.Locked) || frame.IsPinned;
        if (_isKept) return false;
        if (!asksForUse) return true;
        if (value.IsAccessed)
        {
            Forget(mapping);
            if (frame.Is(FrameState.Referenced)) frame.Set(FrameState.Active);
            else frame.Set(FrameState.Referenced);
            _isUsed = true;
        }
        else if (!_isUsed && frame.Is(FrameState.Active))
        {
            frame.Clear(FrameState.Active | FrameState.Referenced);
            _wasActive = true;
        }

        return true;
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
