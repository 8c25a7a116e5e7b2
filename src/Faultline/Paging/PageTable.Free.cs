using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

internal sealed unsafe partial class PageTable
{
    /// <summary>
    /// Detaches the tables that a range needed and that now serve nothing: those whose whole span lies in the gap between the areas that remain (Linux
    /// <c>mm/memory.c:free_pgtables()</c>, its floor and ceiling). They are freed once no walker can stand on them.
    /// </summary>
    /// <remarks>
    /// <para>Under the writer lock, every area that the tables served odd or gone. A span's gate is the one that its installers take, so a speculative
    /// installer either validated before the area turned odd, and its table is seen here, or fails.</para>
    /// <para>In steps of what the graveyard has room for, so that others wait for the gate no longer than that takes: faults that need a table, and every call
    /// that changes areas, in spans with the same gate. Between the steps walkers are waited for, and their sessions may be long.</para>
    /// </remarks>
    public void FreeGap(AddressSpace space, TableGap gap)
    {
        ulong address = gap.Start;
        while ((address = SkipMissing(Root, TableLevel.Root, address, gap.End)) < gap.End)
        {
            ref ulong entry = ref EntryOf(Root, address, TableLevel.Root);
            var value = new Pte(Native.LoadAcquire(ref entry));
            if (value.IsNone) continue;
            ulong end = Math.Min(gap.End, TableLevel.Next(address, TableLevel.Root));
            FreeBelow(space, in gap, value.Frame, address, end);
            FreeUpper(space, in gap, address, ref entry, value.Frame);
            address = end;
        }
    }

    /// <summary>Frees what a table of level 2 has in the gap. Nobody takes the table itself: the caller holds a part of its span.</summary>
    private void FreeBelow(AddressSpace space, in TableGap gap, uint table, ulong start, ulong end)
    {
        ulong address = start;
        while ((address = SkipMissing(table, TableLevel.Pud, address, end)) < end)
        {
            ulong spanEnd = Math.Min(end, TableLevel.Next(address, TableLevel.Pud));
            EnterInstall(address);
            ulong next = FreeSpan(space, in gap, table, address, spanEnd);
            ExitInstall(address);
            if (next < spanEnd) space.Graveyard.MakeRoom(address);
            address = next;
        }
    }

    /// <summary>There is a table for some of [<paramref name="start"/>, <paramref name="end"/>), from which the caller keeps installers out.</summary>
    public bool HasTables(ulong start, ulong end)
    {
        for (ulong address = start; address < end; address = TableLevel.Next(address, TableLevel.Root))
        {
            // Others put tables in and take them out beside what the caller has locked; only that there is none at all for it tells something.
            if (!new Pte(Native.LoadAcquire(ref EntryOf(Root, address, TableLevel.Root))).IsNone) return true;
        }

        return false;
    }

    /// <summary>The first address from <paramref name="address"/> on, but before <paramref name="end"/>, whose entry of <paramref name="table"/> is not none; else one beyond.</summary>
    /// <remarks>Looks again under the lock: who frees a table hides it for a moment, and may put it back because of what our caller holds. Then it is our caller who frees it.</remarks>
    private ulong SkipMissing(uint table, int level, ulong address, ulong end)
    {
        if (address >= end || !new Pte(Native.LoadAcquire(ref EntryOf(table, address, level))).IsNone) return address;
        ref FrameInfo info = ref _memory.Info(table);
        UpperTableLock.Enter(ref info, level);
        while (address < end && new Pte(Native.LoadRelaxed(ref EntryOf(table, address, level))).IsNone) address = TableLevel.Next(address, level);
        UpperTableLock.Exit(ref info, level);
        return address;
    }

    /// <summary>Frees what one entry of level 2 has in the gap; the address up to which that is done. Under the span's gate.</summary>
    private ulong FreeSpan(AddressSpace space, in TableGap gap, uint parent, ulong start, ulong end)
    {
        ref ulong middle = ref EntryOf(parent, start, TableLevel.Pud);
        var table = new Pte(Native.LoadAcquire(ref middle));
        if (table.IsNone) return end;

        ref FrameInfo info = ref _memory.Info(table.Frame);
        for (ulong address = start; address < end && info.Entries != 0; address = TableLevel.Next(address, TableLevel.Pmd))
        {
            ref ulong entry = ref EntryOf(table.Frame, address, TableLevel.Pmd);
            var value = new Pte(Native.LoadRelaxed(ref entry));
            (ulong low, ulong high) = SpanAround(address, TableLevel.Pmd);

            // The lowest table has entries that are not ours to know if we have not locked all that it maps.
            if (value.IsNone || !gap.Covers(low, high) || !gap.Contains(low, high)) continue;
            Debug.Assert(_memory.Info(value.Frame).Entries == 0, "A table with entries is never freed.");
            if (!space.Graveyard.HasRoom(address)) return address;
            Native.StoreRelease(ref entry, 0);
            info.Entries--;
            space.Graveyard.Bury(address, value.Frame);
        }

        if (info.Entries != 0) return end;
        if (!space.Graveyard.HasRoom(start)) return start;
        FreeMiddle(space, in gap, start, parent, ref middle, table.Frame);
        return end;
    }

    private void FreeMiddle(AddressSpace space, in TableGap gap, ulong address, uint parent, ref ulong entry, uint table)
    {
        ref FrameInfo info = ref _memory.Info(parent);
        UpperTableLock.Enter(ref info, TableLevel.Pud);
        bool isDetached = TryDetach(ref entry, ref info, SpanAround(address, TableLevel.Pud), space, in gap);
        UpperTableLock.Exit(ref info, TableLevel.Pud);
        if (isDetached) space.Graveyard.Bury(address, table);
    }

    /// <summary>Frees a table of level 2 if it is empty, whoever emptied it: he may have left it to us.</summary>
    private void FreeUpper(AddressSpace space, in TableGap gap, ulong address, ref ulong entry, uint table)
    {
        while (Native.LoadRelaxed(ref _memory.Info(table).Entries) == 0)
        {
            // The gate is for the graveyard.
            EnterInstall(address);
            bool hasRoom = space.Graveyard.HasRoom(address);
            if (hasRoom && TryDetachUpper(space, in gap, address, ref entry, table)) space.Graveyard.Bury(address, table);
            ExitInstall(address);
            if (hasRoom) return;
            space.Graveyard.MakeRoom(address);
        }
    }

    private bool TryDetachUpper(AddressSpace space, in TableGap gap, ulong address, ref ulong entry, uint table)
    {
        // Nobody puts anything into the table who is not seen: his area, or his hold of it, keeps it.
        ref FrameInfo root = ref _memory.Info(Root), info = ref _memory.Info(table);
        UpperTableLock.Enter(ref root, TableLevel.Root);
        UpperTableLock.Enter(ref info, TableLevel.Pud);
        bool isDetached = info.Entries == 0 && TryDetach(ref entry, ref root, SpanAround(address, TableLevel.Root), space, in gap);
        UpperTableLock.Exit(ref info, TableLevel.Pud);
        UpperTableLock.Exit(ref root, TableLevel.Root);
        return isDetached;
    }

    private static (ulong Low, ulong High) SpanAround(ulong address, int level)
    {
        ulong low = address & ~(TableLevel.Span(level) - 1);
        return (low, low + TableLevel.Span(level));
    }

    /// <summary>Takes a table out of the way of everybody who starts at the root; not if others may use it, who hold the rest of its span.</summary>
    /// <remarks>
    /// <code>
    ///   call, or classic fault, in the rest of the span      this unmap
    ///   range: held                 (full fence)             entry := none
    ///   walk: is there a table? use it                       full fence
    ///                                                        range held by anybody, or an area there? entry := as it was
    /// </code>
    /// <para>Either this side sees the other, or the other finds no table and makes a new one under the lock of the table above, which is held here. Who meets the gap that is closed
    /// again finds an empty table missing, which is the same to whoever reads; who installs waits for the lock. What somebody holds stays until he, or the next one here, unmaps.</para>
    /// <para>Speculative walkers hold nothing: they stand inside sections, which the graveyard waits for.</para>
    /// </remarks>
    private static bool TryDetach(ref ulong entry, ref FrameInfo parent, (ulong Start, ulong End) span, AddressSpace space, in TableGap gap)
    {
        if (!gap.Contains(Math.Max(span.Start, gap.HeldLow), Math.Min(span.End, gap.HeldHigh))) return false;
        ulong value = Native.LoadRelaxed(ref entry);
        Native.StoreRelease(ref entry, 0);
        if (!gap.Covers(span.Start, span.End) && !IsFreeBesides(span, space, in gap))
        {
            // Release: as when it was installed.
            Native.StoreRelease(ref entry, value);
            return false;
        }

        parent.Entries--;
        return true;
    }

    private static bool IsFreeBesides((ulong Start, ulong End) span, AddressSpace space, in TableGap gap)
    {
        // Between the entry that is none now and the look for holders: pairs with the fence of whoever takes a range there, and walks then.
        Fence.Full();
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.DetachTablesBesideHolders) return true;
#endif
        return space.IsFreeBesides(gap.HeldLow, gap.HeldHigh, span.Start, span.End);
    }
}
