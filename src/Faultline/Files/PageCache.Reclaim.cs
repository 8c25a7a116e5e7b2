using Faultline.Physical;
using Faultline.Reclaim;
using Faultline.Swap;
using Faultline.Sync;

namespace Faultline.Files;

/// <content>Pages leave because frames are short; a later access reads them again, from the file or, if the file is nothing but its cache, from a swap device.</content>
internal sealed partial class PageCache
{
    /// <summary>Set in <see cref="_reclaimers"/> once the file's last reference has gone.</summary>
    private const uint ClosedBit = 1u << 31;

    /// <summary>References to a page that nobody else holds.</summary>
    private const uint CacheAndCaller = 2;

    // Threads that are at work in TryPageOut, and ClosedBit. Atomic.
    private Word32 _reclaimers;

    /// <summary>Frees a page's frame if the page can leave (Linux <c>mm/vmscan.c:shrink_folio_list()</c>). Any thread, outside sections, PTE locks and spin locks; waits for no page lock.</summary>
    /// <param name="index">The page that the frame had when it was looked at.</param>
    /// <param name="pfn">The frame, of which nothing is known any more.</param>
    /// <param name="how">How hard to try.</param>
    /// <param name="mayWrite">A changed page may be written first; else only by the reclaim thread.</param>
    /// <remarks>
    /// As truncation does, it makes the page one that no fault finds, before it looks at any table: not by taking it out, but by calling it <em>not up to date</em>. A fault then waits for the
    /// page lock, holding nothing, and looks again. So the page can still stay, if it turns out to have been changed or to be held:
    /// <code>
    ///   reclaim                                  fault
    ///   page lock; not up to date (full fence)
    ///   (gate of the mappings)
    ///                                            table lock; in the cache, but not up to date: waits for the page lock
    ///   each table's lock: take the entry away
    ///   shoot down
    ///   (gate of the cache) two references,
    ///   not dirty: out of the cache
    ///   page unlock; the frame is free           wakes: absent; reads it again
    ///                                                  or
    ///   held, or dirty: up to date, page unlock  wakes: up to date; maps it
    /// </code>
    /// A fault that held its table's lock before finds its entry taken away. A reference can be had by an entry, and there is none left, or from the cache under its gate. Who changed the page
    /// marks it before he gives his reference up; so what is not dirty when only the cache and we hold it was written back, or never changed.
    /// </remarks>
    public PageOutResult TryPageOut(ulong index, uint pfn, PageOutMode how, bool mayWrite)
    {
        if (!TryBeginReclaim()) return PageOutResult.Busy;
        try
        {
            if (!TryReference(index, pfn)) return PageOutResult.Busy;
            PageOutResult result = TryPageOutReferenced(index, pfn, how, mayWrite);
            _memory.Release(pfn);
            return result;
        }
        finally
        {
            _reclaimers.Add(-1);
        }
    }

    private PageOutResult TryPageOutReferenced(ulong index, uint pfn, PageOutMode how, bool mayWrite)
    {
        ref FrameInfo frame = ref _memory.Info(pfn);
        if (!PageWaiters.TryEnter(ref frame)) return PageOutResult.Busy;

        // It may have been cut off, or its read have failed, since the reference.
        PageOutResult result = Holds(index, pfn) && IsUpToDate(pfn) ? TryPageOutLocked(index, pfn, how, mayWrite) : PageOutResult.Busy;
        _locks.Exit(pfn, ref frame);
        if (result is PageOutResult.Reread or PageOutResult.Swapped) _memory.DropReference(pfn);
        return result;
    }

    private PageOutResult TryPageOutLocked(ulong index, uint pfn, PageOutMode how, bool mayWrite)
    {
        ref FrameInfo frame = ref _memory.Info(pfn);
        FileMappings mappings = _file.Mappings;

        // Only tried: who reclaims for want of a frame may hold this gate itself.
        if (!mappings.TryEnter(wait: how == PageOutMode.Advised)) return PageOutResult.Busy;
        var age = new AgeVisitor(_memory, asksForUse: how == PageOutMode.Aged);
        if (age.TryBegin(ref frame)) ReverseMap.Walk(mappings, _memory, index, pfn, ref age);
        age.End(ref frame);
        uint maps = Native.LoadAcquire(ref frame.Maps);
        bool isShared = how == PageOutMode.Advised && maps != 1;
        bool mayLeave = age.MayLeave && !isShared;

        // Somebody is at it, or about to map it: left alone. Only a guess until nobody can come any more.
        if (mayLeave && Native.LoadAcquire(ref frame.Refs) > maps + CacheAndCaller)
        {
            mappings.Exit();
            return PageOutResult.Busy;
        }

        // Advice unmaps what is dirty too, but writes nothing to a file, as Linux: it is given with the address-space lock held.
        var slot = SwapEntry.None;
        bool isDirty = age.HasDirtyEntries || frame.Is(FrameState.Dirty);
        if (mayLeave && isDirty && !_file.WritesBack)
        {
            slot = _memory.Swap.TryAllocateHeld();
            mayLeave = !slot.IsNone || how == PageOutMode.Advised;
            if (!mayLeave)
            {
                mappings.Exit();
                return _memory.Swap.HasDevices ? PageOutResult.SwapFull : PageOutResult.Kept;
            }
        }
        else if (mayLeave && isDirty && how != PageOutMode.Advised)
        {
            mappings.Exit();
            if (!mayWrite) return _skips.LoadRelaxed() == 0 ? PageOutResult.Busy : PageOutResult.Kept;
            if (!TryWriteOut(index, pfn)) return PageOutResult.Kept;
            if (!mappings.TryEnter(wait: false)) return PageOutResult.Busy;
        }

        if (mayLeave) return TryForget(index, pfn, slot);
        mappings.Exit();
        return PageOutResult.Kept;
    }

    /// <summary>Unmaps a page and takes it out of the cache, if nobody holds it and it is clean, or <paramref name="slot"/> could take it. Under the page's lock and the gate of the mappings, which is left.</summary>
    private PageOutResult TryForget(ulong index, uint pfn, SwapEntry slot)
    {
        ref FrameInfo frame = ref _memory.Info(pfn);
        var unset = FrameState.UpToDate;
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.ReclaimMappablePages) unset = default;
#endif
        frame.Clear(unset);
        bool isMore = true;
        while (isMore)
        {
            var unmap = new UnmapCachedVisitor(_memory, pfn);
            ReverseMap.Walk(_file.Mappings, _memory, index, pfn, ref unmap);

            // Inside the gate: the areas then stay listed, and hold the file. Its last holder, who waits for us, may have a session open, for which the shootdown waits.
            unmap.ShootDown();
            _file.Mappings.Exit();
            isMore = unmap.IsFull && _file.Mappings.TryEnter(wait: false);
        }

        PageOutResult result = TryRemove(index, pfn, slot);
        if (result is PageOutResult.Reread or PageOutResult.Swapped) return result;

        // A full fence: pairs with the acquiring load of a look-up.
        frame.Set(FrameState.UpToDate);
        return result;
    }

    /// <summary>The slot is the cache's afterwards, or free.</summary>
    private PageOutResult TryRemove(ulong index, uint pfn, SwapEntry slot)
    {
        ref FrameInfo frame = ref _memory.Info(pfn);
        if (slot.IsNone) return TryRemoveUnused(index, ref frame, slot) ? PageOutResult.Reread : PageOutResult.Busy;

        // Before the write too: who holds the page may change it meanwhile. Else nobody can come to hold it but from the cache, to read it.
        bool isUnused = IsUnused(ref frame);
#if FAULTLINE_EXPLORE
        isUnused |= Mutants.Active == Mutant.SwapHeldPages;
#endif
        if (!isUnused || !_memory.Swap.TryWrite(slot, pfn))
        {
            _memory.Swap.GiveBack(slot);
            return isUnused ? PageOutResult.SwapFull : PageOutResult.Busy;
        }

        if (TryRemoveUnused(index, ref frame, slot)) return PageOutResult.Swapped;
        _memory.Swap.DropHolder(slot);
        return PageOutResult.Busy;
    }

    /// <summary>Takes a page out that nobody else holds, and that is where its file has it, or in <paramref name="slot"/>, which is the cache's from then on.</summary>
    private bool TryRemoveUnused(ulong index, ref FrameInfo frame, SwapEntry slot)
    {
        _gate.Enter();
        bool isUnused = IsUnused(ref frame) && (!slot.IsNone || !IsDirty(ref frame));
        if (isUnused)
        {
            // In this order: at no moment the page has neither.
            if (!slot.IsNone) _pages.SetSlot(index, slot.Value);
            _pages.Clear(index);
        }

        _gate.Exit();

        // Before the frame can serve anybody else.
        if (isUnused) _removals.Add(1);
        return isUnused;
    }

    /// <summary>Only the cache and the caller hold the frame. Acquire: pairs with the giving up of the reference of whoever changed the page, and marked it before.</summary>
    private static bool IsUnused(ref FrameInfo frame) => Native.LoadAcquire(ref frame.Refs) == CacheAndCaller;

    private static bool IsDirty(ref FrameInfo frame) =>
#if FAULTLINE_EXPLORE
        Mutants.Active != Mutant.ForgetDirtyPages &&
#endif
        ((FrameState)Native.LoadAcquire(ref frame.StateWord) & FrameState.Dirty) != 0;

    /// <summary>Takes a reference to a page if it is in this frame still.</summary>
    private bool TryReference(ulong index, uint pfn)
    {
        _gate.Enter();
        bool isThere = _pages.Find(index) == pfn;
        if (isThere) _memory.AddReference(pfn);
        _gate.Exit();
        return isThere;
    }

    /// <summary>False once the file's last reference has gone. A full fence: pairs with <see cref="EndReclaim"/>.</summary>
    private bool TryBeginReclaim()
    {
        if ((_reclaimers.Add(1) & ClosedBit) == 0) return true;
        _reclaimers.Add(-1);
        return false;
    }

    /// <summary>
    /// Waits for those who reclaim pages of this cache, and lets no others in: with the last reference. They wait for no section then, since no area is listed. Rejected: a reference of theirs. The file would then be closed, and be told so, some time
    /// after its last user had let it go, and by the reclaim thread.
    /// </summary>
    private void EndReclaim()
    {
        _reclaimers.Add(unchecked((int)ClosedBit));
        var backoff = new Backoff();
        while (_reclaimers.LoadAcquire() != ClosedBit) backoff.Wait();
    }
}
