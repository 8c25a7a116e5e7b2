using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Reclaim;

/// <summary>Looks at the mappings of one page, one after the other. A struct, so that the walk is specialised to it.</summary>
internal interface IMappingVisitor
{
    /// <summary>An entry maps the page. Under the lock of the entry's table; false ends the walk.</summary>
    bool Visit(in Mapping mapping, Pte value);
}

/// <summary>One page-table entry that maps a page; valid under the lock of its table.</summary>
internal readonly ref struct Mapping(VmArea area, ulong address, ref FrameInfo table, ref ulong entry)
{
    public readonly VmArea Area = area;
    public readonly ulong Address = address;
    public readonly ref FrameInfo Table = ref table;
    public readonly ref ulong Entry = ref entry;

    public AddressSpace Space => Area.AnonVma!.Space;
}

/// <summary>From a private page to the entries that map it (Linux <c>mm/rmap.c:rmap_walk_anon()</c>).</summary>
internal static class ReverseMap
{
    /// <summary>
    /// Visits the entries that map the frame, whose owner is <paramref name="family"/>, at <paramref name="index"/>. Under the lock of the family, which keeps the
    /// areas linked and so their tables; nobody needs to hold the frame: an entry that names it under its table's lock does.
    /// </summary>
    /// <remarks>Entries that a concurrent <c>mremap</c> moves may be missed. So whoever takes entries away asks the frame afterwards whether all are gone.</remarks>
    public static void Walk<TVisitor>(AnonVma family, PhysicalMemory memory, ulong index, uint pfn, ref TVisitor visitor)
        where TVisitor : struct, IMappingVisitor, allows ref struct
    {
        for (VmArea? area = family.First; area is not null; area = area.NextInFamily)
        {
            if (index - area.PageOffset >= area.Pages) continue;
            ulong address = area.Start + ((index - area.PageOffset) << Page.Shift);
            var tables = new TableCursor(memory, area.AnonVma!.Space.PageTable.Root, address, address + Page.Size);
            if (!tables.MoveNext()) continue;
            ref FrameInfo table = ref tables.Info;
            PteLock.Enter(ref table);
            ref ulong entry = ref tables.Entry(address);
            var value = new Pte(Native.LoadRelaxed(ref entry));
            bool goOn = !value.HasPage || value.Frame != pfn
                || (IsPageOf(family, area, address, value, ref memory.Info(pfn)) && visitor.Visit(new Mapping(area, address, ref table, ref entry), value));
            PteLock.Exit(ref table);
            if (!goOn) return;
        }
    }

    /// <summary>
    /// False if the frame has served for something else since it was looked at, and has come back to this very address: as a page of the file, or a raw frame of the device, that
    /// the area maps.
    /// </summary>
    private static bool IsPageOf(AnonVma family, VmArea area, ulong address, Pte value, ref FrameInfo frame) =>
        frame.Is(FrameState.Anonymous) && frame.OwnerId == family.FamilyId && NormalPage.Is(area.AnonVma!.Space, area, address, value);
}
