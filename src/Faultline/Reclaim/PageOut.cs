using System.Diagnostics;
using Faultline.Areas;
using Faultline.Files;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Swap;
using Faultline.Sync;

namespace Faultline.Reclaim;

/// <summary>One page's way out of memory (Linux <c>mm/vmscan.c:shrink_folio_list()</c>).</summary>
/// <remarks>
/// A page of a file is its cache's (<see cref="PageCache.TryPageOut"/>); a private page goes like this:
/// <code>
///   family lock     find an entry that maps the page (table lock): claim it, slot and cache; swap entry instead
///                   … and the other entries
///   (none)          shoot down; contents valid: faults may copy from the cache
///                   write to the device
///                   forget the cached page; free the frame
/// </code>
/// A fault that needs the page meanwhile copies it from the cache; nobody maps the frame again. So nothing here has to be undone: a page that the device refuses
/// stays cached, and the clock tries it again.
/// </remarks>
internal static class PageOut
{
    /// <summary>Frees the frame if the page in it can leave. Any thread, outside sections, PTE locks and spin locks.</summary>
    /// <param name="memory">The frame's memory.</param>
    /// <param name="pfn">Looked at without a lock: what it holds may change until an entry is found that maps it.</param>
    /// <param name="how">How hard to try.</param>
    /// <param name="mayWrite">Changed pages of files may be written back.</param>
    public static PageOutResult Try(PhysicalMemory memory, uint pfn, PageOutMode how, bool mayWrite = false)
    {
        ref FrameInfo frame = ref memory.Info(pfn);
        var state = (FrameState)Native.LoadAcquire(ref frame.StateWord);
        if ((state & (FrameState.Anonymous | FrameState.Cached)) == 0) return PageOutResult.Kept;
        if ((state & FrameState.PageLocked) != 0) return PageOutResult.Busy;
        if ((state & FrameState.Cached) != 0)
        {
            // No owner: the file has gone, and pins keep the page.
            ulong page = Native.LoadRelaxed(ref frame.OwnerIndex);
            return memory.Owners.TryGet(Native.LoadRelaxed(ref frame.OwnerId), out object? file) && file is PageCache cache
                ? cache.TryPageOut(page, pfn, how, mayWrite)
                : PageOutResult.Kept;
        }

        if ((state & FrameState.SwapCached) != 0 && Native.LoadAcquire(ref frame.Maps) == 0) return RetryWrite(memory, pfn, ref frame);

        ulong index = Native.LoadRelaxed(ref frame.OwnerIndex);
        if (!memory.Owners.TryGet(Native.LoadRelaxed(ref frame.OwnerId), out object? owner) || owner is not AnonVma family) return PageOutResult.Busy;
        if (!family.TryEnter(wait: how != PageOutMode.Aged)) return PageOutResult.Kept;
        var age = new AgeVisitor(memory, asksForUse: how == PageOutMode.Aged);
        ReverseMap.Walk(family, memory, index, pfn, ref age);
        var unmap = new UnmapVisitor(memory, onlyUnshared: how == PageOutMode.Advised);
        if (age.HasEntries && age.MayLeave) ReverseMap.Walk(family, memory, index, pfn, ref unmap);
        family.Exit();

        if (!unmap.IsClaimed && !unmap.IsDropped)
        {
            if (unmap.IsSwapFull) return PageOutResult.SwapFull;
            return age.HasEntries && !unmap.IsBusy ? PageOutResult.Kept : PageOutResult.Busy;
        }

#if FAULTLINE_EXPLORE
        if (unmap.IsClaimed && Mutants.Active == Mutant.CopyBeforeShootdown) frame.Set(FrameState.UpToDate);
#endif
        unmap.ShootDown();
        if (unmap.IsClaimed) return Finish(memory, pfn, unmap.Slot);
        bool last = FrameReferences.DropReference(ref frame);
        Debug.Assert(last, "Nobody can gain a reference to a page but through its entry.");
        memory.Frames.Free(pfn);
        return PageOutResult.Dropped;
    }

    /// <summary>The page is locked and cached, nobody writes to it any more, and a reference to it is ours.</summary>
    private static PageOutResult Finish(PhysicalMemory memory, uint pfn, SwapEntry slot)
    {
        // Atomic, a full fence: pairs with the acquiring load of a fault that copies from the cache.
        ref FrameInfo frame = ref memory.Info(pfn);
        frame.Set(FrameState.UpToDate);

        // Entries may all be gone by now; then the page is not worth the write.
        if (memory.Swap.Holders(slot) != 0 && !memory.Swap.TryWrite(slot, pfn))
        {
            memory.Swap.Unlock(slot, pfn);
            memory.Release(pfn);
            return PageOutResult.SwapFull;
        }

        memory.Swap.Forget(slot, pfn);
        frame.UnlockPage();
        bool last = memory.DropReference(pfn);
        Debug.Assert(!last, "Ours is left.");
        if (!memory.DropReference(pfn)) return PageOutResult.Busy;
        memory.Frames.Free(pfn);
        return PageOutResult.Swapped;
    }

    /// <summary>A page that no entry maps is still cached, because the device had no room for it.</summary>
    private static PageOutResult RetryWrite(PhysicalMemory memory, uint pfn, ref FrameInfo frame)
    {
        var slot = new SwapEntry(Native.LoadRelaxed(ref frame.SwapEntry));
        if (slot.IsNone) return PageOutResult.Kept;

        // The cache's look gives the reference: the frame may have served for ten other things since we looked at it.
        uint found = memory.Swap.TryGet(slot);
        if (found == PhysicalMemory.NoFrame) return PageOutResult.Kept;
        if (found == pfn && frame.TryLockPage())
        {
            if (frame.Is(FrameState.SwapCached)) return Finish(memory, pfn, new SwapEntry(frame.SwapEntry));
            frame.UnlockPage();
        }

        memory.Release(found);
        return PageOutResult.Kept;
    }
}

/// <summary>How hard a page is asked to leave.</summary>
internal enum PageOutMode
{
    /// <summary>Only if it was not used lately.</summary>
    Aged,

    /// <summary>Whether used or not: memory is exhausted.</summary>
    Urgent,

    /// <summary>By <c>MADV_PAGEOUT</c>: whether used or not, but not if another entry maps it too.</summary>
    Advised,
}

/// <summary>What became of a page that was asked to leave.</summary>
internal enum PageOutResult
{
    /// <summary>It stays: young, locked in memory, pinned, changed and nowhere else, or no page that could leave at all.</summary>
    Kept,

    /// <summary>It stays for a moment: somebody else is at work on it or holds it still, or it comes or goes at this very time; or it must be written first, by the reclaim thread.</summary>
    Busy,

    /// <summary>Its frame was freed, the page is on a device.</summary>
    Swapped,

    /// <summary>Its frame was freed; the page is where its file has it.</summary>
    Reread,

    /// <summary>Its frame was freed, and the page forgotten, as <c>MADV_FREE</c> allowed.</summary>
    Dropped,

    /// <summary>No device has room for it.</summary>
    SwapFull,
}
