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
    /// <para>Under the writer lock, every area that the tables served odd or gone. The page-table lock is the one that installers take, so a speculative
    /// installer either validated before the area turned odd, and its table is seen here, or fails.</para>
    /// <para>In steps of what the graveyard has room for, so that all others wait for the page-table lock no longer than that takes: faults that need a table, and every call
    /// that changes areas, wherever they are. Between the steps walkers are waited for, and their sessions may be long.</para>
    /// </remarks>
    public void FreeGap(AddressSpace space, TableGap gap)
    {
        while (true)
        {
            _gate.Enter();
            ulong stopped = gap.End;
            FreeBelow(Root, TableLevel.Root, gap.Start, gap.End, space, in gap, ref stopped);
            _gate.Exit();
            if (stopped == gap.End) return;
            gap = gap with { Start = stopped };
            space.Graveyard.MakeRoom();
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

    /// <summary>Stops where the graveyard is full: <paramref name="stopped"/> says where to go on.</summary>
    private void FreeBelow(uint table, int level, ulong start, ulong end, AddressSpace space, in TableGap gap, ref ulong stopped)
    {
        ref FrameInfo info = ref _memory.Info(table);
        for (ulong address = start; address < end && info.Entries != 0; address = TableLevel.Next(address, level))
        {
            ref ulong entry = ref EntryOf(table, address, level);
            var value = new Pte(Native.LoadRelaxed(ref entry));
            if (value.IsNone) continue;
            ulong spanStart = address & ~(TableLevel.Span(level) - 1);
            ulong spanEnd = spanStart + TableLevel.Span(level);
            if (level > TableLevel.Pmd)
            {
                FreeBelow(value.Frame, level - 1, address, Math.Min(end, spanEnd), space, in gap, ref stopped);
                if (stopped != gap.End) return;
                if (_memory.Info(value.Frame).Entries != 0) continue;
            }

            // The lowest table has entries that are not ours to know if we have not locked all that it maps.
            if (!gap.Contains(spanStart, spanEnd) || (level == TableLevel.Pmd && !gap.Covers(spanStart, spanEnd))) continue;

            Debug.Assert(_memory.Info(value.Frame).Entries == 0, "A table with entries is never freed.");
            if (!space.Graveyard.HasRoom)
            {
                stopped = address;
                return;
            }

            if (!TryDetach(ref entry, spanStart, spanEnd, space, in gap)) continue;
            info.Entries--;
            space.Graveyard.Bury(value.Frame);
        }
    }

    /// <summary>Takes a table out of the way of everybody who starts at the root; not if others may use it, who hold the rest of its span.</summary>
    /// <remarks>
    /// <code>
    ///   call, or classic fault, in the rest of the span      this unmap
    ///   range: held                 (full fence)             entry := none
    ///   walk: is there a table? use it                       full fence
    ///                                                        range held by anybody, or an area there? entry := as it was
    /// </code>
    /// <para>Either this side sees the other, or the other finds no table and makes a new one under the page-table lock, which is held here. Who meets the gap that is closed again finds an empty table
    /// missing, which is the same to whoever reads; who installs waits for the lock. What somebody holds stays until he, or the next one here, unmaps.</para>
    /// <para>Speculative walkers hold nothing: they stand inside sections, which the graveyard waits for.</para>
    /// </remarks>
    private static bool TryDetach(ref ulong entry, ulong spanStart, ulong spanEnd, AddressSpace space, in TableGap gap)
    {
        ulong value = Native.LoadRelaxed(ref entry);
        Native.StoreRelease(ref entry, 0);
        if (gap.Covers(spanStart, spanEnd)) return true;

        Fence.Full();
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.DetachTablesBesideHolders) return true;
#endif
        if (space.IsFreeBesides(gap.HeldLow, gap.HeldHigh, spanStart, spanEnd)) return true;

        // Release: as when it was installed.
        Native.StoreRelease(ref entry, value);
        return false;
    }
}
