using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

internal static partial class PageOperations
{
    /// <summary>
    /// Moves the entries of [from, from + length) to [to, to + length), both odd (Linux <c>mm/mremap.c:move_page_tables()</c>). False if a
    /// table could not be had: <paramref name="moved"/> bytes are then at the new place, and a call with swapped addresses brings them back
    /// without needing a frame.
    /// </summary>
    public static bool Move(AddressSpace space, ulong from, ulong to, ulong length, out ulong moved)
    {
        moved = 0;
        TableCursor tables = TablesOf(space, from, from + length);
        bool complete = true;
        while (complete && tables.MoveNext())
        {
            if (IsEmpty(ref tables.Info)) continue;
            for (ulong source = tables.Start; complete && source < tables.End;)
            {
                ulong target = source - from + to;
                ulong end = source + Math.Min(tables.End - source, TableLevel.Next(target, TableLevel.Pmd) - target);
                complete = space.PageTable.TryEnsure(target, space.Graveyard);
                if (!complete) break;
                MoveWithin(space, ref tables, source, end, target);
                moved = end - from;
                source = end;
            }
        }

        if (complete) moved = length;
        return complete;
    }

    /// <summary>
    /// True if the table maps nothing, which saves a table at the target. Asked under the lock, as in <see cref="Zap"/>: a fault that validated before the
    /// areas turned odd may be about to install under it, and its page would stay behind. None can come later.
    /// </summary>
    private static bool IsEmpty(ref FrameInfo table)
    {
        PteLock.Enter(ref table);
        bool isEmpty = table.Entries == 0;
        PteLock.Exit(ref table);
        return isEmpty;
    }

    /// <summary>Moves entries that share one source table and one target table.</summary>
    /// <remarks>
    /// The old translations go before the locks do, not with the end of the call (Linux did the latter until 2018):
    /// <code>
    ///   mremap                          reclaim, truncation                   accessor
    ///   entry: old → new address                                              (holds the old translation)
    ///   unlock
    ///                                   clears the new entry, shoots down
    ///                                   the new address; frees the frame
    ///                                                                         writes to the frame, which is another's
    ///   shoot down the old address
    /// </code>
    /// </remarks>
    private static void MoveWithin(AddressSpace space, ref TableCursor tables, ulong source, ulong end, ulong target)
    {
        ref FrameInfo from = ref tables.Info;
        TableCursor targets = TablesOf(space, target, target + (end - source));
        bool found = targets.MoveNext();
        Debug.Assert(found, "The target table was ensured.");
        ref FrameInfo to = ref targets.Info;

        // Lower frame first: two movers on disjoint ranges may share both tables.
        bool same = tables.Table == targets.Table;
        if (tables.Table <= targets.Table)
        {
            PteLock.Enter(ref from);
            if (!same) PteLock.Enter(ref to);
        }
        else
        {
            PteLock.Enter(ref to);
            PteLock.Enter(ref from);
        }

        bool any = false;
        for (ulong address = source; address < end; address += Page.Size, target += Page.Size)
        {
            ref ulong entry = ref tables.Entry(address);
            if (Native.LoadRelaxed(ref entry) == 0) continue;
            ulong value = Native.Exchange(ref entry, 0);
            from.Entries--;
            to.Entries++;
            var moved = new Pte(value);
            Native.StoreRelease(ref targets.Entry(target), (moved.HasPage ? moved.With(Pte.SoftDirtyBit) : moved).Value);
            any = true;
        }

        var gather = new TlbGather(space, default);
        if (any) gather.Cleared(ref from, source, end);
#if FAULTLINE_EXPLORE
        if (Mutants.Active != Mutant.ShootDownAfterMove)
#endif
            gather.Flush();
        if (!same) PteLock.Exit(ref to);
        PteLock.Exit(ref from);
#if FAULTLINE_EXPLORE
        gather.Flush();
#endif
    }
}
