using Faultline.Areas;
using Faultline.Files;
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
internal readonly ref struct Mapping(AddressSpace space, VmArea area, ulong address, ref FrameInfo table, ref ulong entry)
{
    public readonly AddressSpace Space = space;
    public readonly VmArea Area = area;
    public readonly ulong Address = address;
    public readonly ref FrameInfo Table = ref table;
    public readonly ref ulong Entry = ref entry;
}

/// <summary>From a page to the entries that map it (Linux <c>mm/rmap.c:rmap_walk_anon()</c>, <c>rmap_walk_file()</c>).</summary>
internal static class ReverseMap
{
    /// <summary>
    /// Visits the entries that map a private page's frame, whose owner is <paramref name="family"/>, at <paramref name="index"/>. Under the lock of the family, which keeps the
    /// areas linked and so their tables; nobody needs to hold the frame: an entry that names it under its table's lock does.
    /// </summary>
    /// <remarks>Entries that a concurrent <c>mremap</c> moves may be missed. So whoever takes entries away asks the frame afterwards whether all are gone.</remarks>
    public static void Walk<TVisitor>(AnonVma family, PhysicalMemory memory, ulong index, uint pfn, ref TVisitor visitor)
        where TVisitor : struct, IMappingVisitor, allows ref struct
    {
        for (VmArea? area = family.First; area is not null; area = area.NextInFamily)
        {
            if (!TryVisit(family, area.AnonVma!.Space, area, memory, index, pfn, ref visitor)) return;
        }
    }

    /// <summary>
    /// Visits the entries that map the frame of a file's page. Under the gate of the file's list, which keeps the tables. The caller holds the frame and the page's lock. An entry that comes
    /// by a fork or a move while the list is visited is met in its new place; none comes by a fault if the page is not up to date.
    /// </summary>
    public static void Walk<TVisitor>(FileMappings mappings, PhysicalMemory memory, ulong index, uint pfn, ref TVisitor visitor)
        where TVisitor : struct, IMappingVisitor, allows ref struct
    {
        for (FileMapping? mapping = mappings.First; mapping is not null; mapping = mapping.Next)
        {
            if (!TryVisit(family: null, mapping.Space, mapping.Area, memory, index, pfn, ref visitor)) return;
        }
    }

    /// <summary>Visits the entry that one area has for the page, if it maps the frame; false ends the walk.</summary>
    private static bool TryVisit<TVisitor>(AnonVma? family, AddressSpace space, VmArea area, PhysicalMemory memory, ulong index, uint pfn, ref TVisitor visitor)
        where TVisitor : struct, IMappingVisitor, allows ref struct
    {
        if (index - area.PageOffset >= area.Pages) return true;
        ulong address = area.Start + ((index - area.PageOffset) << Page.Shift);
        var tables = new TableCursor(memory, space.PageTable.Root, address, address + Page.Size);
        if (!tables.MoveNext()) return true;
        ref FrameInfo table = ref tables.Info;
        PteLock.Enter(ref table);
        ref ulong entry = ref tables.Entry(address);
        var value = new Pte(Native.LoadRelaxed(ref entry));
        bool goOn = !value.HasPage || value.Frame != pfn
            || ((family is null || IsPageOf(family, area, address, value, ref memory.Info(pfn)))
                && visitor.Visit(new Mapping(space, area, address, ref table, ref entry), value));
        PteLock.Exit(ref table);
        return goOn;
    }

    /// <summary>
    /// False if the frame has served for something else since it was looked at, and has come back to this very address: as a page of the file, or a raw frame of the device, that
    /// the area maps.
    /// </summary>
    private static bool IsPageOf(AnonVma family, VmArea area, ulong address, Pte value, ref FrameInfo frame) =>
        frame.Is(FrameState.Anonymous) && frame.OwnerId == family.FamilyId && NormalPage.Is(area.AnonVma!.Space, area, address, value);
}
