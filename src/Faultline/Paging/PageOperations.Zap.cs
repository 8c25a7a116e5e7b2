using System.Runtime.CompilerServices;
using Faultline.Areas;
using Faultline.Physical;
using Faultline.Swap;
using Faultline.Sync;

namespace Faultline.Paging;

internal static partial class PageOperations
{
    /// <summary>
    /// Removes the pages of [start, end): clears entries, shoots down, then frees (Linux <c>mm/memory.c:unmap_page_range()</c>). With
    /// live areas (<c>MADV_DONTNEED</c>) a read lock is enough: faults beside it are ordered by the PTE lock.
    /// </summary>
    /// <remarks>
    /// The lock of <em>every</em> existing table is taken, even of one counted empty: a fault that validated before the areas turned odd may be about to
    /// install under it, and its count is not ours to read without the lock.
    /// </remarks>
    /// <param name="space">Whose pages.</param>
    /// <param name="start">First byte.</param>
    /// <param name="end">First byte after the range.</param>
    /// <param name="raw">The areas of the range that may map raw frames, as they were before the call removed them.</param>
    [SkipLocalsInit] // the buffer is written before it is read: clearing its 2 KiB would be a tenth of a small unmap
    public static void Zap(AddressSpace space, ulong start, ulong end, ReadOnlySpan<VmArea> raw = default)
    {
        var gather = new TlbGather(space, stackalloc uint[TlbGather.Capacity]);
        TableCursor tables = TablesOf(space, start, end);
        while (tables.MoveNext())
        {
            ref FrameInfo table = ref tables.Info;
            PteLock.Enter(ref table);
            while (gather.Room < table.Entries)
            {
                // The wait for sections may not happen under the lock: an unmap must not hold up faults beside it.
                PteLock.Exit(ref table);
                gather.Flush();
                PteLock.Enter(ref table);
            }

            if (table.Entries != 0)
            {
                ZapTable(space, raw, in tables, ref table, ref gather);
                gather.Cleared(ref table, tables.Start, tables.End);
            }

            PteLock.Exit(ref table);
        }

        gather.Flush();
    }

    private static void ZapTable(
        AddressSpace space, ReadOnlySpan<VmArea> raw, scoped in TableCursor tables, scoped ref FrameInfo table, scoped ref TlbGather gather)
    {
        for (ulong address = tables.Start; address < tables.End; address += Page.Size)
        {
            ref ulong entry = ref tables.Entry(address);
            if (Native.LoadRelaxed(ref entry) == 0) continue;

            // Exchange: a lock-free fill may be setting accessed and dirty, and a cached page must not lose its dirty bit.
            var old = new Pte(Native.Exchange(ref entry, 0));
            table.Entries--;
            if (old.HasPage && NormalPage.Is(space, raw, address, old)) GatherPage(space.Memory, old, ref gather);
            else if (old.Absent == AbsentKind.Swap) space.Memory.Swap.DropHolder(SwapEntry.Of(old));
            if (table.Entries == 0) break;
        }
    }

    private static void GatherPage(PhysicalMemory memory, Pte old, scoped ref TlbGather gather)
    {
        ref FrameInfo frame = ref memory.Info(old.Frame);
        if (old.IsDirty && frame.Is(FrameState.Cached) && !frame.Is(FrameState.Dirty)) frame.Set(FrameState.Dirty);
        FrameReferences.RemoveMapping(ref frame);
        gather.Add(old.Frame);
    }
}
