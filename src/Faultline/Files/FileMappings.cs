using System.Diagnostics;
using Faultline.Areas;
using Faultline.Paging;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>The areas, of all spaces, that map a file: the reverse map of its pages (Linux <c>address_space.i_mmap</c>).</summary>
/// <remarks>
/// <para>An area is in the list from before it is in its tree until it has been replaced and its pages are gone (<see cref="AreaChange.Unlist"/>); only then are its tables
/// freed. So a table that the list's holder finds below a listed area stays, without that space's <c>mmap_lock</c>.</para>
/// <para>The list is in order of arrival, and visited so. What moves pages from one area to another (a fork, <c>mremap</c>) has entered the target later than the
/// source, and moves under the source table's lock:</para>
/// <code>
///   visitor                                fork
///                                          target linked, behind the source
///   source's table: zap
///                                          source's table: nothing left to copy
///   target's table
///                                                    or
///                                          source's table: copy
///   source's table: zap
///   target's table: zap, the copy too
/// </code>
/// </remarks>
internal sealed class FileMappings
{
    // Guards the list. Held over shootdowns, which wait for walker sections: never taken inside one.
    private SpinGate _gate = new(LockRank.FileMappings);
    private FileMapping? _first;
    private FileMapping? _last;

    /// <summary>An area is about to enter its tree.</summary>
    public FileMapping Add(AddressSpace space, VmArea area)
    {
        var mapping = new FileMapping(space, area);
        _gate.Enter();
        mapping.Previous = _last;
        if (_last is null) _first = mapping;
        else _last.Next = mapping;
        _last = mapping;
        _gate.Exit();
        return mapping;
    }

    /// <summary>An area has left its tree, and its pages are gone or in other areas that are listed; its tables are still there.</summary>
    public void Remove(FileMapping mapping)
    {
        _gate.Enter();
        if (mapping.Previous is null) _first = mapping.Next;
        else mapping.Previous.Next = mapping.Next;
        if (mapping.Next is null) _last = mapping.Previous;
        else mapping.Next.Previous = mapping.Previous;
        _gate.Exit();
    }

    /// <summary>The first of the list, for who has entered.</summary>
    public FileMapping? First
    {
        get
        {
            Debug.Assert(_gate.IsHeld, "The list is looked at under its gate.");
            return _first;
        }
    }

    /// <summary>Keeps pages of the file from being unmapped or cleaned while they move against the order of the list.</summary>
    public void Enter() => _gate.Enter();

    /// <summary>As <see cref="Enter"/>, in any case or if nobody else has; false otherwise.</summary>
    public bool TryEnter(bool wait)
    {
        if (wait) _gate.Enter();
        return wait || _gate.TryEnter();
    }

    /// <summary>Ends <see cref="Enter"/>.</summary>
    public void Exit() => _gate.Exit();

    /// <summary>
    /// Unmaps the pages of [<paramref name="first"/>, <paramref name="end"/>) everywhere, which the cache has lost before (Linux <c>unmap_mapping_pages()</c>).
    /// </summary>
    /// <remarks>The gate's compare-and-swap is the fence between that loss and the look at tables: a fault whose table is not seen here sees the loss.</remarks>
    public void Zap(ulong first, ulong end, bool keepCopies)
    {
        _gate.Enter();
        for (FileMapping? mapping = _first; mapping is not null; mapping = mapping.Next)
        {
            if (TryIntersect(mapping.Area, first, end, out ulong from, out ulong to)) PageOperations.ZapFile(mapping.Space, from, to, keepCopies);
        }

        _gate.Exit();
    }

    /// <summary>
    /// Makes the pages of [<paramref name="first"/>, <paramref name="end"/>) clean and read-only wherever they are shared: the next write is a fault (Linux
    /// <c>folio_mkclean()</c>). The pages' dirty bits in their frames are the caller's.
    /// </summary>
    public void Clean(ulong first, ulong end)
    {
        _gate.Enter();
        for (FileMapping? mapping = _first; mapping is not null; mapping = mapping.Next)
        {
            if (mapping.Area.Has(AreaFlags.Shared) && TryIntersect(mapping.Area, first, end, out ulong from, out ulong to))
                PageOperations.CleanFile(mapping.Space, from, to);
        }

        _gate.Exit();
    }

    /// <summary>The addresses of an area that map pages of [<paramref name="first"/>, <paramref name="end"/>).</summary>
    private static bool TryIntersect(VmArea area, ulong first, ulong end, out ulong from, out ulong to)
    {
        ulong start = Math.Max(first, area.PageOffset), stop = Math.Min(end, area.PageOffset + area.Pages);
        from = to = 0;
        if (start >= stop) return false;
        from = area.Start + ((start - area.PageOffset) << Page.Shift);
        to = area.Start + ((stop - area.PageOffset) << Page.Shift);
        return true;
    }
}
