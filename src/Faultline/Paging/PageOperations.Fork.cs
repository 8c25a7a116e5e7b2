using System.Diagnostics;
using Faultline.Areas;
using Faultline.Physical;
using Faultline.Swap;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline.Paging;

internal static partial class PageOperations
{
    /// <summary>
    /// Shares the pages of one area with a forked child (Linux <c>mm/memory.c:copy_page_range()</c>): private ones become read-only in both and are no
    /// longer exclusive. False if a table could not be had; the caller then disposes of the child, and the parent has lost nothing but some write
    /// permissions that the next fault restores. The parent's areas are odd until <see cref="FlushAfterFork"/> has returned.
    /// </summary>
    /// <remarks>
    /// Odd areas are what v12's patch 18 added, and what Linux 6.4 had to re-learn:
    /// <code>
    ///   fork                              thread 2                       thread 3
    ///   write-protect page X
    ///                                     fault on X: copies, installs
    ///                                     the copy, writes to it
    ///                                                                    writes X's old frame by a stale translation: lost
    ///   flush
    /// </code>
    /// </remarks>
    public static bool CopyForFork(AddressSpace parent, AddressSpace child, VmArea parentArea, VmArea childArea)
    {
        // What a fault would fill in again is not copied (Linux vma_needs_copy()).
        if (parentArea.AnonVma is null) return true;
        bool isShared = childArea.Has(AreaFlags.Shared);
        uint spare = PhysicalMemory.NoFrame;
        bool complete = true;
        TableCursor tables = TablesOf(parent, parentArea.Start, parentArea.End);
        while (complete && tables.MoveNext())
        {
            complete = child.PageTable.TryEnsure(tables.Start, child.Graveyard);
            for (ulong next = tables.Start; complete && !TryCopyTable(parent, child, parentArea, isShared, in tables, ref next, ref spare);)
            {
                // Allocation may wait for others: not under the tables' locks. Who could add to what has been copied needs the lock that fork holds.
                spare = parent.Memory.Frames.TryAllocate(parent.Options.MemoryGroup);
                complete = spare != PhysicalMemory.NoFrame;
            }
        }

        // Not used, if the page that it was for has been truncated meanwhile.
        if (spare != PhysicalMemory.NoFrame) parent.Memory.Frames.Free(spare);
        return complete;
    }

    /// <summary>Shares the pages of one table from <paramref name="next"/> on. False: the page at <paramref name="next"/> is pinned, and a frame is needed for its copy.</summary>
    private static bool TryCopyTable(
        AddressSpace parent, AddressSpace child, VmArea area, bool isShared, scoped in TableCursor tables, ref ulong next, ref uint spare)
    {
        ref FrameInfo table = ref tables.Info;
        TableCursor targets = TablesOf(child, tables.Start, tables.End);
        bool found = targets.MoveNext();
        Debug.Assert(found, "The target table was ensured.");

        // The child's table second, here and nowhere else: its only other visitors so far are truncation and reclaim, which come through the file and the family, and
        // hold one table at a time.
        PteLock.Enter(ref table);
        PteLock.EnterOfChild(ref targets.Info);
        for (; next < tables.End; next += Page.Size)
        {
            ref ulong entry = ref tables.Entry(next);
            var value = new Pte(Native.LoadRelaxed(ref entry));
            if (value.IsNone) continue;
            bool isPinned = !isShared && IsPinnedPage(parent, area, next, value);
            if (isPinned && spare == PhysicalMemory.NoFrame) break;
            Pte copied = isPinned ? CopyPinned(parent.Memory, value, ref spare) : Share(parent, area, next, ref entry, value, isShared);
            Native.StoreRelaxed(ref targets.Entry(next), copied.Value);
            targets.Info.Entries++;
        }

        AddForkAccessors(parent, ref table);
        PteLock.Exit(ref targets.Info);
        PteLock.Exit(ref table);
        return next >= tables.End;
    }

    /// <summary>Write-protects the parent's entry if it is private, counts the child's, and returns the latter.</summary>
    private static Pte Share(AddressSpace parent, VmArea area, ulong address, ref ulong entry, Pte value, bool isShared)
    {
        if (!value.HasPage)
        {
            // A lost page is lost for both. Pages on their way are none: who moves them holds the lock that fork holds for write.
            if (value.Absent == AbsentKind.Swap) parent.Memory.Swap.AddHolder(SwapEntry.Of(value));
            return value;
        }

        if (!isShared && value.IsWritable)
        {
            // CAS loop by And semantics: accessed and dirty may be set by a fill at the same time and must stay.
            for (ulong found; (found = Native.CompareExchange(ref entry, value.Without(Pte.WritableBit).Value, value.Value)) != value.Value;)
                value = new Pte(found);
            value = value.Without(Pte.WritableBit);
        }

        if (NormalPage.Is(parent, area, address, value))
        {
            ref FrameInfo frame = ref parent.Memory.Info(value.Frame);
            FrameReferences.AddMapping(ref frame);
            if (frame.Is(FrameState.Anonymous | FrameState.Exclusive)) frame.Clear(FrameState.Exclusive);
        }

        return value.Without(isShared ? Pte.AccessedBit | Pte.DirtyBit : Pte.AccessedBit);
    }

    private static void AddForkAccessors(AddressSpace parent, ref FrameInfo table)
    {
        // The same order as TlbGather.Cleared: generation, fence, accessors.
        Native.StoreRelaxed(ref table.Generation, table.Generation + 1);
        Fence.Full();
        parent.ForkedAccessors |= Native.LoadAcquire(ref table.Accessors);
    }

    /// <summary>Once after the last area: shoots down the write permissions that the parent's accessors still hold.</summary>
    public static void FlushAfterFork(AddressSpace parent)
    {
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.SkipFlushInFork) parent.ForkedAccessors = 0;
#endif
        Shootdown.Invalidate(parent, parent.ForkedAccessors, 0, TableLevel.LowerHalfEnd);
        parent.ForkedAccessors = 0;
    }
}
