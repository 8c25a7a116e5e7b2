namespace Faultline.Areas;

/// <summary>What stands behind a mapping that is being placed.</summary>
internal enum MapBacking
{
    Anonymous,

    /// <summary>An object in memory alone, named or not: its huge pages are off unless an administrator mounts them (<c>mm/shmem.c:shmem_get_unmapped_area()</c>).</summary>
    SharedMemory,
    File,
}

/// <summary>Where a mapping goes (Linux <c>mm/mmap.c:__get_unmapped_area()</c> and what it calls on x86-64). What it finds may be taken by the time that the caller has locked it.</summary>
internal readonly struct Placement(AddressSpace space)
{
    // The size of a huge page: the range of one page-middle-directory entry.
    private const ulong HugePage = 2UL << 20;

    /// <summary>A hint below the lowest address means the lowest address (<c>mm/mmap.c:round_hint_to_min()</c>).</summary>
    public static ulong RoundHint(ulong hint, ulong minimum)
    {
        hint = Page.Floor(hint);
        return hint != 0 && hint < minimum ? Page.Ceiling(minimum) : hint;
    }

    /// <summary>As <see cref="Find(ulong, ulong, MapBacking, ulong, MapFlags, ulong, out ulong)"/>.</summary>
    public Errno Find(in MapRequest request, ulong ceiling, out ulong start) =>
        Find(request.Address, request.Length, request.Backing, request.Offset, request.Flags, ceiling, out start);

    /// <summary>Finds the first byte for <paramref name="length"/> bytes, or accepts a fixed <paramref name="address"/>.</summary>
    /// <param name="address">A hint, or a fixed address.</param>
    /// <param name="length">In bytes, whole pages.</param>
    /// <param name="backing">What stands behind the mapping.</param>
    /// <param name="offset">In the file, in bytes.</param>
    /// <param name="flags">Of the call.</param>
    /// <param name="ceiling">Where the search from the top begins: <see cref="AddressSpaceOptions.MmapBase"/>, or below what others hold.</param>
    /// <param name="start">The place.</param>
    /// <returns>ENOMEM: no room or beyond the user's addresses; EINVAL: a fixed address is not aligned; EPERM: it is too low.</returns>
    public Errno Find(ulong address, ulong length, MapBacking backing, ulong offset, MapFlags flags, ulong ceiling, out ulong start)
    {
        start = 0;
        if (length > UserSpace.End) return Errno.ENOMEM;
        if ((flags & MapFlags.Fixed) != 0)
        {
            start = address;
        }
        else if (!Search(address, length, backing, offset, flags, ceiling, out start))
        {
            return Errno.ENOMEM;
        }

        if (start > UserSpace.End - length) return Errno.ENOMEM;
        if (!Page.IsAligned(start)) return Errno.EINVAL;
        return start < space.Options.MinimumAddress && !space.Options.Privileged ? Errno.EPERM : Errno.None;
    }

    private bool Search(ulong hint, ulong length, MapBacking backing, ulong offset, MapFlags flags, ulong ceiling, out ulong start)
    {
        bool low = (flags & MapFlags.Low32Bit) != 0;
        if (backing == MapBacking.File && space.Options.AlignLargeFiles && SearchAligned(hint, length, offset, low, ceiling, out start)) return true;

        // Anonymous memory is aligned only when it fills whole huge pages: aligning odd lengths left gaps that stopped merging.
        bool alignAnonymous = backing == MapBacking.Anonymous && space.Options.AlignLargeAnonymous && hint == 0 && length % HugePage == 0;
        if (alignAnonymous && SearchAligned(hint, length, offset: 0, low, ceiling, out start)) return true;
        return SearchAnywhere(hint, length, low, ceiling, out start);
    }

    /// <summary>
    /// A place such that file offsets and addresses agree modulo a huge page (<c>mm/huge_memory.c:__thp_get_unmapped_area()</c>): searches for a huge page more than
    /// needed and shifts within it. False if no huge page fits into the range or nothing was found.
    /// </summary>
    private bool SearchAligned(ulong hint, ulong length, ulong offset, bool low, ulong ceiling, out ulong start)
    {
        start = 0;
        ulong firstHuge = (offset + HugePage - 1) & ~(HugePage - 1);
        ulong end = offset + length;
        if (end <= firstHuge || end - firstHuge < HugePage) return false;
        if (!SearchAnywhere(hint, length + HugePage, low, ceiling, out ulong found)) return false;

        // The hint was free with the padding: it is taken as it is.
        if (found == hint)
        {
            start = found;
            return true;
        }

        // Also what was searched upwards goes to the upper end of its padding: Linux looks at how the process is laid out.
        ulong shift = (offset - found) & (HugePage - 1);
        start = found + (shift == 0 ? HugePage : shift);
        return true;
    }

    /// <summary>The hint if it is free, else the highest gap below the base, else the lowest above the bottom-up base.</summary>
    private bool SearchAnywhere(ulong hint, ulong length, bool low, ulong ceiling, out ulong start)
    {
        start = 0;
        if (length > UserSpace.End) return false;
        if (!low)
        {
            if (hint != 0 && IsFree(hint, length, UserSpace.End))
            {
                start = hint;
                return true;
            }

            if (space.Areas.TryFindGapTopDown(space.Options.MinimumAddress, ceiling, length, out start)) return true;
        }

        ulong bottom = low ? UserSpace.Low32BitStart : UserSpace.BottomUpBase;
        ulong top = low ? UserSpace.Low32BitEnd : UserSpace.End;
        if (hint != 0 && IsFree(hint, length, top))
        {
            start = hint;
            return true;
        }

        return space.Areas.TryFindGapBottomUp(bottom, top, length, out start);
    }

    /// <summary>The range is below <paramref name="top"/> and neither in an area nor in the guard gap of a stack.</summary>
    private bool IsFree(ulong start, ulong length, ulong top)
    {
        if (length > top || start > top - length) return false;
        VmArea? above = space.Areas.FindFirstEndingAfter(start);
        return above is null || start + length <= StackGuard.StartWithGuard(above);
    }
}
