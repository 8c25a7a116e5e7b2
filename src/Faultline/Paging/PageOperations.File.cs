using System.Runtime.CompilerServices;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

/// <content>What a file does to those who map it. Under the gate of its <see cref="Files.FileMappings"/>, which keeps the tables; without <c>mmap_lock</c>.</content>
internal static partial class PageOperations
{
    /// <summary>
    /// Removes a file's pages from [start, end); private copies of them too, unless <paramref name="keepCopies"/>.
    /// </summary>
    [SkipLocalsInit]
    public static void ZapFile(AddressSpace space, ulong start, ulong end, bool keepCopies)
    {
        if (!keepCopies)
        {
            Zap(space, start, end);
            return;
        }

        var gather = new TlbGather(space, stackalloc uint[TlbGather.Capacity]);
        TableCursor tables = TablesOf(space, start, end);
        while (tables.MoveNext())
        {
            ref FrameInfo table = ref tables.Info;
            PteLock.Enter(ref table);
            while (gather.Room < table.Entries)
            {
                PteLock.Exit(ref table);
                gather.Flush();
                PteLock.Enter(ref table);
            }

            bool cleared = false;
            for (ulong address = tables.Start; table.Entries != 0 && address < tables.End; address += Page.Size)
            {
                ref ulong entry = ref tables.Entry(address);
                if (!IsCached(space.Memory, new Pte(Native.LoadRelaxed(ref entry)))) continue;
                var old = new Pte(Native.Exchange(ref entry, 0));
                table.Entries--;
                GatherPage(space.Memory, old, ref gather);
                cleared = true;
            }

            if (cleared) gather.Cleared(ref table, tables.Start, tables.End);
            PteLock.Exit(ref table);
        }

        gather.Flush();
    }

    /// <summary>Clears writable and dirty of a file's pages in [start, end) and shoots down.</summary>
    public static void CleanFile(AddressSpace space, ulong start, ulong end)
    {
        var gather = new TlbGather(space, default);
        TableCursor tables = TablesOf(space, start, end);
        while (tables.MoveNext())
        {
            ref FrameInfo table = ref tables.Info;
            PteLock.Enter(ref table);
            bool cleaned = false;
            for (ulong address = tables.Start; table.Entries != 0 && address < tables.End; address += Page.Size)
            {
                ref ulong entry = ref tables.Entry(address);
                var value = new Pte(Native.LoadRelaxed(ref entry));
                if (!IsCached(space.Memory, value) || (value.Value & (Pte.WritableBit | Pte.DirtyBit)) == 0) continue;
                ClearRightToWrite(ref entry, value);
                cleaned = true;
            }

            if (cleaned) gather.Cleared(ref table, tables.Start, tables.End);
            PteLock.Exit(ref table);
        }

        gather.Flush();
    }

    /// <summary>The entry maps a page of a file's cache, and no private copy.</summary>
    private static bool IsCached(PhysicalMemory memory, Pte value) =>
        value.HasPage && !value.IsSpecial && memory.Info(value.Frame).Is(FrameState.Cached);

    private static void ClearRightToWrite(ref ulong entry, Pte value)
    {
        while (true)
        {
            // A lock-free fill may set accessed and dirty at any time.
            ulong found = Native.CompareExchange(ref entry, value.Without(Pte.WritableBit | Pte.DirtyBit).Value, value.Value);
            if (found == value.Value) return;
            value = new Pte(found);
        }
    }
}
