using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

internal sealed unsafe partial class PageTable
{
    /// <summary>
    /// Detaches the tables that [start, end) needed and that now serve nothing: those whose whole span lies in the gap [gapStart, gapEnd)
    /// between the areas that remain (Linux <c>mm/memory.c:free_pgtables()</c>, its floor and ceiling). They are freed once no walker
    /// can stand on them.
    /// </summary>
    /// <remarks>
    /// <para>Under the writer lock, every area that the tables served odd or gone. The page-table lock is the one that installers take, so a speculative
    /// installer either validated before the area turned odd, and its table is seen here, or fails.</para>
    /// <para>In steps of what the graveyard has room for, so that all others wait for the page-table lock no longer than that takes: faults that need a table, and every call
    /// that changes areas, wherever they are. Between the steps walkers are waited for, and their sessions may be long.</para>
    /// </remarks>
    /// <returns>The bytes that the largest table spans which is empty and stays, since it reaches out of the gap; 0 if there is none.</returns>
    public ulong FreeGap(ulong start, ulong end, ulong gapStart, ulong gapEnd, TableGraveyard graveyard)
    {
        ulong kept = 0;
        while (true)
        {
            _gate.Enter();
            ulong stopped = end;
            kept = Math.Max(kept, FreeBelow(Root, TableLevel.Root, start, end, gapStart, gapEnd, graveyard, ref stopped));
            _gate.Exit();
            if (stopped == end) return kept;
            start = stopped;
            graveyard.MakeRoom();
        }
    }

    /// <summary>Stops where the graveyard is full: <paramref name="stopped"/> says where to go on.</summary>
    private ulong FreeBelow(
        uint table, int level, ulong start, ulong end, ulong gapStart, ulong gapEnd, TableGraveyard graveyard, ref ulong stopped)
    {
        ulong kept = 0;
        ulong all = stopped;
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
                kept = Math.Max(kept, FreeBelow(value.Frame, level - 1, address, Math.Min(end, spanEnd), gapStart, gapEnd, graveyard, ref stopped));
                if (stopped != all) return kept;
                if (_memory.Info(value.Frame).Entries != 0) continue;
            }

            if (spanStart < gapStart || spanEnd > gapEnd)
            {
                if (_memory.Info(value.Frame).Entries == 0) kept = Math.Max(kept, spanEnd - spanStart);
                continue;
            }

            Debug.Assert(_memory.Info(value.Frame).Entries == 0, "A table with entries is never freed.");

            if (!graveyard.HasRoom)
            {
                stopped = address;
                return kept;
            }

            // Walkers that read the entry before this store stand inside a section: the graveyard waits for them.
            Native.StoreRelease(ref entry, 0);
            info.Entries--;
            graveyard.Bury(value.Frame);
        }

        return kept;
    }
}
