using System.Diagnostics;
using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Swap;
using Faultline.Sync;

namespace Faultline.Reclaim;

/// <summary>
/// Replaces the entries that map a page by its swap entry (Linux <c>mm/rmap.c:try_to_unmap_one()</c>). The first entry found claims the page: page lock, swap
/// slot, a reference of the visitor's. What was taken away is shot down afterwards, by <see cref="ShootDown"/>.
/// </summary>
/// <remarks>
/// <para>Only some entries may be found, or replaced. That does no harm: then the page is not exclusive, so that every entry that is left is read-only, and the
/// references of the cache and of the visitor keep a write fault from thinking that it is alone. The contents do not change any more while the page is cached.</para>
/// <para>A page that <c>MADV_FREE</c> marked and nobody wrote to since is dropped, without a slot.</para>
/// </remarks>
internal struct UnmapVisitor(PhysicalMemory memory, bool onlyUnshared) : IMappingVisitor
{
    private ClearedEntries _cleared;

    /// <summary>The page's slot, once claimed; none if all devices are full.</summary>
    public SwapEntry Slot { get; private set; }

    /// <summary>The page is locked, cached under <see cref="Slot"/>, and a reference is the caller's.</summary>
    public bool IsClaimed { get; private set; }

    /// <summary>The page was dropped: its one reference is the caller's.</summary>
    public bool IsDropped { get; private set; }

    /// <summary>Somebody else is at work on the page.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>The page could have left, but there was no slot.</summary>
    public bool IsSwapFull { get; private set; }

    /// <inheritdoc/>
    public bool Visit(in Mapping mapping, Pte value)
    {
        ref FrameInfo frame = ref memory.Info(value.Frame);
        if (mapping.Area.Has(AreaFlags.Locked) || frame.IsPinned) return false;

        // A reference besides the entry's: somebody may be writing by it, who found the entry writable. Of a shared page nobody does.
        IsBusy = frame.Is(FrameState.Exclusive) && Native.LoadAcquire(ref frame.Refs) != 1;
        if (IsBusy) return false;
        if (onlyUnshared && Native.LoadAcquire(ref frame.Maps) != 1) return false;
        if (!IsClaimed)
        {
            if (TryDrop(mapping, value, ref frame)) return false;
            if (!TryClaim(value.Frame, ref frame)) return false;
        }

        Replace(mapping, value, ref frame);
        return !_cleared.IsFull;
    }

    /// <summary>Takes the translations of what was unmapped from all accessors, and waits for their sections. Outside all locks but the page's.</summary>
    public readonly void ShootDown() => _cleared.ShootDown();

    private bool TryClaim(uint pfn, ref FrameInfo frame)
    {
        IsBusy = !frame.TryLockPage();
        if (IsBusy) return false;

        // Cached already: an earlier pass could not take all entries, or the device refused the page.
        Slot = frame.Is(FrameState.SwapCached) ? new SwapEntry(frame.SwapEntry) : memory.Swap.TryAllocate(pfn);
        IsSwapFull = Slot.IsNone;
        if (IsSwapFull) frame.UnlockPage();
        else memory.AddReference(pfn);
        return IsClaimed = !IsSwapFull;
    }

    private void Replace(in Mapping mapping, Pte value, ref FrameInfo frame)
    {
        memory.Swap.AddHolder(Slot);

        // Exchange: a lock-free fill may be setting accessed and dirty. A user's mark stays with the entry.
        Native.Exchange(ref mapping.Entry, Slot.ToPte().With(value.Value & Pte.UserProtectedBit).Value);
        _cleared.Add(mapping);
        if (frame.Is(FrameState.Exclusive)) frame.Clear(FrameState.Exclusive);
        FrameReferences.RemoveMapping(ref frame);
        bool last = FrameReferences.DropReference(ref frame);
        Debug.Assert(!last, "The cache and the visitor hold the page.");
    }

    private bool TryDrop(in Mapping mapping, Pte value, ref FrameInfo frame)
    {
        // The frame is marked, not the entry, if it was written through a pin.
        if (value.IsDirty || frame.Is(FrameState.Dirty) || !frame.Is(FrameState.Exclusive) || Native.LoadAcquire(ref frame.Refs) != 1) return false;

        // Compare: a lock-free fill for a write may be setting dirty.
        if (Native.CompareExchange(ref mapping.Entry, 0, value.Value) != value.Value) return false;
        mapping.Table.Entries--;
        _cleared.Add(mapping);
        FrameReferences.RemoveMapping(ref frame);
        return IsDropped = true;
    }
}
