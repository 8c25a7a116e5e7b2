using System.Globalization;
using System.Text;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Swap;

namespace Faultline.Areas;

/// <summary>What the pages of one area take (Linux <c>fs/proc/task_mmu.c:mem_size_stats</c>). Pages are counted as they are visited; sizes in bytes.</summary>
internal struct PageUsage(AddressSpace space, VmArea area) : IPageVisitor
{
    // Pss is a sum of fractions: kept with 12 more bits, as by Linux, so that it does not drift.
    private const int PssShift = 12;

    private ulong _rss, _pss, _dirtyPss;
    private ulong _sharedClean, _sharedDirty, _privateClean, _privateDirty;
    private ulong _referenced, _anonymous, _lazyFree;
    private ulong _swap, _swapPss;

    // Below zero for a moment, and after pages came back while they were counted.
    private long _swappedOfFile;

    /// <inheritdoc/>
    public void Visit(ulong address, Pte entry, ref FrameInfo frame)
    {
        if (entry.Absent == AbsentKind.Swap)
        {
            _swap += Page.Size;
            _swapPss += ((ulong)Page.Size << PssShift) / Math.Max(1, space.Memory.Swap.Holders(SwapEntry.Of(entry)));
        }

        // Counted with the file's, below, but a private copy is in its place.
        if (area.File is { } file && file.Cache.IsSwapped(area.PageIndex(address))) _swappedOfFile -= Page.Size;

        // The zero frame and a device's frames are nobody's memory.
        if (!entry.HasPage || !NormalPage.Is(space, area, address, entry)) return;
        bool anonymous = (frame.State & FrameState.Anonymous) != 0;
        bool dirty = entry.IsDirty || (frame.State & FrameState.Dirty) != 0;
        uint maps = Math.Max(1, frame.Maps);

        _rss += Page.Size;
        ulong share = ((ulong)Page.Size << PssShift) / maps;
        _pss += share;
        if (dirty) _dirtyPss += share;
        if (entry.IsAccessed) _referenced += Page.Size;
        if (anonymous)
        {
            _anonymous += Page.Size;

            // A private page is born dirty; only MADV_FREE makes it clean.
            if (!dirty) _lazyFree += Page.Size;
        }

        if (maps > 1) (dirty ? ref _sharedDirty : ref _sharedClean) += Page.Size;
        else (dirty ? ref _privateDirty : ref _privateClean) += Page.Size;
    }

    /// <summary>
    /// Counts what is on swap devices of the object behind [<paramref name="start"/>, <paramref name="end"/>), whose entries have been visited, as Linux does for shared memory; <c>SwapPss</c> leaves it out.
    /// </summary>
    public void AddSwappedOf(ulong start, ulong end)
    {
        if (area.File is { } file) _swappedOfFile += (long)file.Cache.CountSwapped(area.PageIndex(start), area.PageIndex(start) + Page.Count(end - start)) * Page.Size;
    }

    /// <summary>The lines below an area's head.</summary>
    public readonly void AppendTo(StringBuilder text, ulong size)
    {
        Line(text, "Size", size);
        Line(text, "KernelPageSize", Page.Size);
        Line(text, "MMUPageSize", Page.Size);
        Line(text, "Rss", _rss);
        Line(text, "Pss", _pss >> PssShift);
        Line(text, "Pss_Dirty", _dirtyPss >> PssShift);
        Line(text, "Shared_Clean", _sharedClean);
        Line(text, "Shared_Dirty", _sharedDirty);
        Line(text, "Private_Clean", _privateClean);
        Line(text, "Private_Dirty", _privateDirty);
        Line(text, "Referenced", _referenced);
        Line(text, "Anonymous", _anonymous);
        Line(text, "KSM", 0);
        Line(text, "LazyFree", _lazyFree);
        Line(text, "AnonHugePages", 0);
        Line(text, "ShmemPmdMapped", 0);
        Line(text, "FilePmdMapped", 0);
        Line(text, "Shared_Hugetlb", 0);
        Line(text, "Private_Hugetlb", 0);
        Line(text, "Swap", _swap + (ulong)Math.Max(0, _swappedOfFile));
        Line(text, "SwapPss", _swapPss >> PssShift);
        Line(text, "Locked", area.Has(AreaFlags.Locked) ? _pss >> PssShift : 0);
        text.Append("THPeligible:           0\n");
        text.Append("VmFlags: ").Append(AreaText.FlagLetters(area.Flags)).Append(" \n");
    }

    private static void Line(StringBuilder text, string name, ulong bytes) =>
        text.Append(CultureInfo.InvariantCulture, $"{name + ":",-16}{bytes >> 10,8} kB\n");
}
