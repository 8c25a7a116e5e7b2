using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Reclaim;

/// <summary>Takes away the entries that map a page of a file (Linux <c>mm/rmap.c:try_to_unmap_one()</c>). The caller holds the page's lock and a reference to its frame.</summary>
internal struct UnmapCachedVisitor(PhysicalMemory memory, uint pfn) : IMappingVisitor
{
    private ClearedEntries _cleared;

    /// <summary>There may be more entries than one pass takes.</summary>
    public readonly bool IsFull => _cleared.IsFull;

    /// <inheritdoc/>
    public bool Visit(in Mapping mapping, Pte value)
    {
        // Locked since its age was asked for.
        if (mapping.Area.Has(AreaFlags.Locked)) return false;
        ref FrameInfo frame = ref memory.Info(pfn);

        // Exchange: a lock-free fill may be setting accessed and dirty, and the page must not lose its dirty bit.
        var old = new Pte(Native.Exchange(ref mapping.Entry, 0));
        mapping.Table.Entries--;
        if (old.IsDirty && !frame.Is(FrameState.Dirty)) frame.Set(FrameState.Dirty);
        FrameReferences.RemoveMapping(ref frame);
        _cleared.Add(mapping);
        return !_cleared.IsFull;
    }

    /// <summary>Afterwards no access reaches the page through what was taken away, whose references are given up. Outside PTE locks.</summary>
    public readonly void ShootDown()
    {
        _cleared.ShootDown();
        if (_cleared.Count != 0) Native.Add(ref memory.Info(pfn).Refs, -_cleared.Count);
    }
}
