using Faultline.Areas;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

internal static partial class PageOperations
{
    /// <summary>
    /// Gives the pages of [start, end) the rights of <paramref name="area"/>, the new area object; shoots down where rights were lost. Entries that
    /// are writable only after a copy stay write-protected.
    /// </summary>
    public static void Protect(AddressSpace space, VmArea area, ulong start, ulong end)
    {
        var gather = new TlbGather(space, default);
        TableCursor tables = TablesOf(space, start, end);
        while (tables.MoveNext())
        {
            ref FrameInfo table = ref tables.Info;
            PteLock.Enter(ref table);
            bool restricted = false;
            for (ulong address = tables.Start; table.Entries != 0 && address < tables.End; address += Page.Size)
            {
                ref ulong entry = ref tables.Entry(address);
                var old = new Pte(Native.LoadRelaxed(ref entry));
                if (!old.HasPage) continue;
                restricted |= Exchange(space, area, address, ref entry, old);
            }

            if (restricted) gather.Cleared(ref table, tables.Start, tables.End);
            PteLock.Exit(ref table);
        }

        gather.Flush();
    }

    /// <summary>Replaces an entry's rights; true if it lost some.</summary>
    private static bool Exchange(AddressSpace space, VmArea area, ulong address, ref ulong entry, Pte old)
    {
        while (true)
        {
            Pte changed = PteRights.Changed(old, area, NormalPage.Is(space, area, address, old), ref space.Memory.Info(old.Frame));

            // A lock-free fill may set accessed and dirty at any time: they must not be lost.
            ulong found = Native.CompareExchange(ref entry, changed.Value, old.Value);
            if (found == old.Value) return PteRights.LosesRights(old, changed);
            old = new Pte(found);
        }
    }

    /// <summary>
    /// <c>MADV_FREE</c>: clears accessed and dirty of private pages, so that reclaim may drop those that are not written again.
    /// A read lock over live areas is enough.
    /// </summary>
    public static void MarkLazyFree(AddressSpace space, ulong start, ulong end)
    {
        var gather = new TlbGather(space, default);
        TableCursor tables = TablesOf(space, start, end);
        while (tables.MoveNext())
        {
            ref FrameInfo table = ref tables.Info;
            PteLock.Enter(ref table);
            bool cleared = false;
            for (ulong address = tables.Start; table.Entries != 0 && address < tables.End; address += Page.Size)
            {
                ref ulong entry = ref tables.Entry(address);
                var value = new Pte(Native.LoadRelaxed(ref entry));
                if (!value.IsPresent || !space.Memory.Info(value.Frame).Is(FrameState.Anonymous)) continue;
                ClearAgeAndDirt(ref entry, value);
                cleared = true;
            }

            if (cleared) gather.Cleared(ref table, tables.Start, tables.End);
            PteLock.Exit(ref table);
        }

        gather.Flush();
    }

    private static void ClearAgeAndDirt(ref ulong entry, Pte value)
    {
        while (true)
        {
            ulong found = Native.CompareExchange(ref entry, value.Without(Pte.AccessedBit | Pte.DirtyBit).Value, value.Value);
            if (found == value.Value) return;
            value = new Pte(found);
        }
    }
}
