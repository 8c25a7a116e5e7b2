using System.Runtime.CompilerServices;
using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Faults;

/// <summary>
/// A read fault on a page of a file maps its neighbours that are in memory too (Linux <c>mm/memory.c:do_fault_around()</c>): what is read in order then faults once in
/// sixteen pages.
/// </summary>
internal static class FaultAround
{
    /// <summary>The neighbourhood in pages: 64 KiB, as Linux's <c>fault_around_bytes</c>.</summary>
    /// <remarks>It begins aligned, or where the area begins, and has its whole length in either case; but it never leaves a page table.</remarks>
    private const int Pages = 16;

    private const ulong Bytes = (ulong)Pages << Page.Shift;

    /// <summary>
    /// Maps the neighbours with <paramref name="bits"/> where they have no entry, under the table's lock, with area and table validated; never waits. The page of the
    /// fault itself is the caller's.
    /// </summary>
    [SkipLocalsInit]
    public static void Map(ref FaultContext fault, ulong bits)
    {
        VmArea area = fault.Area;
        ulong start = Math.Max(fault.Address & ~(Bytes - 1), area.Start);
        ulong end = Math.Min(Math.Min(start + Bytes, TableLevel.Next(fault.Address, TableLevel.Pmd)), area.End);
        Span<uint> frames = stackalloc uint[Pages];
        frames = frames[..(int)Page.Count(end - start)];
        area.File!.Cache.Lookup(area.PageIndex(start), frames);

        PhysicalMemory memory = fault.Space.Memory;
        int self = (int)Page.Count(fault.PageAddress - start);
        uint mapped = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            ref ulong entry = ref fault.Walk.Neighbour(i - self);
            if (frames[i] == PhysicalMemory.NoFrame || i == self || Native.LoadRelaxed(ref entry) != 0) continue;
            FrameReferences.AddMapping(ref memory.Info(frames[i]));

            // Release: whoever finds the frame through the entry sees its contents.
            Native.StoreRelease(ref entry, Pte.ForPage(frames[i], bits).Value);
            mapped++;
        }

        fault.Table.Entries += mapped;
    }
}
