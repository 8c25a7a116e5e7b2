using Faultline.Areas;
using Faultline.Files;
using Faultline.Locking;
using Faultline.Paging;

namespace Faultline;

/// <content><c>mmap</c>.</content>
public sealed partial class AddressSpace
{
    // MAP_ABOVE4G, MAP_UNINITIALIZED and the two sizes of huge pages: without effect here, but known to MAP_SHARED_VALIDATE.
    private const MapFlags FlagsWithoutEffect = (MapFlags)(0x80 | 0x400_0000 | (21 << 26) | (30 << 26));

    // What MAP_SHARED_VALIDATE accepts (Linux LEGACY_MAP_MASK); other bits, FixedNoReplace among them, are EOPNOTSUPP.
    private const MapFlags ValidatedFlags = MapFlags.SharedValidate | MapFlags.Fixed | MapFlags.Anonymous | MapFlags.DenyWrite | MapFlags.Executable
        | MapFlags.GrowsDown | MapFlags.Locked | MapFlags.NoReserve | MapFlags.Populate | MapFlags.NonBlock | MapFlags.Stack | MapFlags.HugeTlb
        | MapFlags.Low32Bit | FlagsWithoutEffect;

    /// <summary>Maps anonymous memory; see <see cref="TryMap(ulong, ulong, Protection, MapFlags, VmFile?, ulong, out ulong)"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public ulong Map(ulong address, ulong length, Protection protection, MapFlags flags) =>
        Map(address, length, protection, flags | MapFlags.Anonymous, file: null, offset: 0);

    /// <summary>Maps a file or anonymous memory; see <see cref="TryMap(ulong, ulong, Protection, MapFlags, VmFile?, ulong, out ulong)"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public ulong Map(ulong address, ulong length, Protection protection, MapFlags flags, VmFile? file, ulong offset)
    {
        ThrowIfFailed("mmap", TryMap(address, length, protection, flags, file, offset, out ulong mapped));
        return mapped;
    }

    /// <inheritdoc cref="TryMap(ulong, ulong, Protection, MapFlags, VmFile?, ulong, out ulong)"/>
    public Errno TryMap(ulong address, ulong length, Protection protection, MapFlags flags, out ulong mapped) =>
        TryMap(address, length, protection, flags | MapFlags.Anonymous, file: null, offset: 0, out mapped);

    /// <summary>Creates a mapping (<c>mmap</c>; Linux <c>mm/mmap.c:do_mmap()</c>, <c>mm/vma.c:mmap_region()</c>).</summary>
    /// <param name="address">
    /// A hint, rounded down to a page; exact and page-aligned with <see cref="MapFlags.Fixed"/> or <see cref="MapFlags.FixedNoReplace"/>. 0: no hint.
    /// </param>
    /// <param name="length">In bytes, rounded up to whole pages; not 0.</param>
    /// <param name="protection">Rights; unknown bits are ignored.</param>
    /// <param name="flags">Exactly one of Shared, Private and, for files, SharedValidate; and further flags.</param>
    /// <param name="file">What to map; ignored with <see cref="MapFlags.Anonymous"/>.</param>
    /// <param name="offset">Offset in the file, in bytes, a multiple of 4096.</param>
    /// <param name="mapped">The first byte of the mapping; 0 if the call failed.</param>
    /// <returns>
    /// <list type="bullet">
    /// <item>EINVAL: a length of 0, an unaligned offset or fixed address, not one map type, GrowsDown on shared memory or a file,
    /// HugeTlb with a file, with a size that x86-64 has not, or at a fixed address that is not a multiple of the size.</item>
    /// <item>EBADF: neither anonymous nor a file. EACCES: a file that is not open for reading; shared and writable, one that is not open for writing.</item>
    /// <item>ENOMEM: no room, a range beyond the user's addresses, the map count, RLIMIT_AS, RLIMIT_DATA or overcommit; HugeTlb.</item>
    /// <item>EPERM: a fixed address below <see cref="AddressSpaceOptions.MinimumAddress"/>; Locked while RLIMIT_MEMLOCK is 0.</item>
    /// <item>EEXIST: FixedNoReplace, and something is there. EAGAIN: RLIMIT_MEMLOCK. EOVERFLOW: beyond the largest file offset.
    /// EOPNOTSUPP: a flag that SharedValidate does not know.</item>
    /// </list>
    /// A fixed map that fails for RLIMIT_AS, RLIMIT_DATA or overcommit leaves areas split at its ends, as on Linux; their pages stay.
    /// </returns>
    /// <exception cref="ArgumentException">The file lives in another <see cref="Physical.PhysicalMemory"/>.</exception>
    public Errno TryMap(ulong address, ulong length, Protection protection, MapFlags flags, VmFile? file, ulong offset, out ulong mapped) =>
        MapPlaced(address, length, protection, flags, file, offset, place: null, out mapped);

    /// <summary>As <c>TryMap</c>; a map that is not fixed is put at <paramref name="place"/>, and fails with EEXIST if something is there.</summary>
    internal Errno MapPlaced(
        ulong address, ulong length, Protection protection, MapFlags flags, VmFile? file, ulong offset, RecordedPlace? place, out ulong mapped)
    {
        EnterCall();
        mapped = 0;
        if (!Page.IsAligned(offset)) return Errno.EINVAL;
        if ((flags & MapFlags.Anonymous) != 0) file = null;
        else if (file is null) return Errno.EBADF;
        if (file is not null && file.Memory != Memory) throw new ArgumentException("The file's pages lie in another PhysicalMemory.", nameof(file));
        if (length == 0) return Errno.EINVAL;
        if ((flags & MapFlags.HugeTlb) != 0) return HugePool.Refuse(address, file, flags);
        if ((flags & MapFlags.FixedNoReplace) != 0) flags |= MapFlags.Fixed;
        if ((flags & MapFlags.Fixed) == 0) address = Placement.RoundHint(address, Options.MinimumAddress);
        length = Page.Ceiling(length);
        if (length == 0) return Errno.ENOMEM;

        var request = new MapRequest(address, length, protection, flags, file, offset, place);
        Errno error = EnterForMap(in request, out ulong start, out WriterHold hold);
        AreaFlags areaFlags;
        while (true)
        {
            if (error != Errno.None) return error;
            try
            {
                error = MapLocked(in request, start, hold.Change, out areaFlags);
                if (error == Errno.None) break;
                if (!hold.IsRefusal(error)) return error;
            }
            finally
            {
                hold.Exit();
            }

            error = EnterForMapWhole(in request, out start, out hold);
        }

        mapped = start;
        bool populate = (areaFlags & AreaFlags.Locked) != 0 || (flags & (MapFlags.Populate | MapFlags.NonBlock)) == MapFlags.Populate;
        if (populate) Populate(mapped, mapped + length, ignoreErrors: true);
        return Errno.None;
    }

    private Errno MapLocked(in MapRequest request, ulong start, AreaChange change, out AreaFlags areaFlags)
    {
        areaFlags = AreaFlags.None;
        if (!change.Room.MayMap()) return Errno.ENOMEM;
        (ulong length, MapFlags flags, VmFile? file) = (request.Length, request.Flags, request.File);
        ulong end = start + length;
        bool occupied = Areas.FindWithin(start, end) is not null;
        if (occupied && ((flags & MapFlags.FixedNoReplace) != 0 || request.Place is not null)) return Errno.EEXIST;

        areaFlags = FlagsOf(request.Protection) | FlagsOf(flags) | AreaFlags.MayAccessMask | _defaultFlags;
        if ((flags & MapFlags.Locked) != 0 && !MayLock) return Errno.EPERM;
        if (!change.Room.MayLockMore(areaFlags, length)) return Errno.EAGAIN;
        Errno error = CheckType(in request, ref areaFlags);
        if (error != Errno.None) return error;

        // Where everything is counted nothing can ask to be left out.
        if ((flags & MapFlags.NoReserve) != 0 && Memory.Commit is null) areaFlags |= AreaFlags.NoReserve;
        if (file is DeviceMemory device)
        {
            areaFlags |= device.IsMixed ? AreaFlags.MixedMap : AreaFlags.PureFrames | AreaFlags.DontDump;
            areaFlags &= ~AreaFlags.LockMask;
        }

        bool shared = (areaFlags & AreaFlags.Shared) != 0;
        error = CheckReplacement(start, end, shared, file, change, ref areaFlags);
        if (error != Errno.None) return error;

        // The creator's reference ends with this call: the areas hold the object from here on.
        using SharedAnonymousFile? created = shared && file is null ? CreateShared(length, change.Room) : null;
        ulong pageOffset = created is not null ? 0 : file is not null ? Page.Count(request.Offset) : Page.Count(start);
        change.Splice(start, end, new AreaShape(start, end, areaFlags, pageOffset, file ?? created, Anon: null));
        if (occupied) PageOperations.Zap(this, start, end, change.ReplacedRaw);
        change.Release();
        change.Finish();
        return Errno.None;
    }

    /// <summary>The object behind shared anonymous memory; it holds what the call was charged for it.</summary>
    private SharedAnonymousFile CreateShared(ulong length, UsageRoom room)
    {
        ulong committed = Memory.Commit is null ? 0 : Page.Count(length);
        var created = new SharedAnonymousFile(Memory, length, Options.MemoryGroup, committed);
        room.HandOver(committed);
        return created;
    }

    /// <summary>Refuses what the map type forbids (<c>mm/mmap.c:do_mmap()</c>, the two switches over MAP_TYPE).</summary>
    private static Errno CheckType(in MapRequest request, ref AreaFlags areaFlags)
    {
        VmFile? file = request.File;

        // A file offset is a signed 64-bit number.
        if (file is not null && (request.Offset > long.MaxValue || request.Length > long.MaxValue - request.Offset)) return Errno.EOVERFLOW;
        switch (request.Type)
        {
            case MapFlags.SharedValidate when file is not null:
                if ((request.Flags & ~ValidatedFlags) != 0) return Errno.EOPNOTSUPP;
                goto case MapFlags.Shared;
            case MapFlags.Shared:
                areaFlags |= AreaFlags.Shared;
                if (file is not null && !file.Access.HasFlag(FileAccess.Write))
                {
                    // Nor may mprotect allow it later.
                    if ((areaFlags & AreaFlags.Write) != 0) return Errno.EACCES;
                    areaFlags &= ~AreaFlags.MayWrite;
                }

                if (file is not null && !file.Access.HasFlag(FileAccess.Read)) return Errno.EACCES;
                return (areaFlags & AreaFlags.GrowsDown) != 0 ? Errno.EINVAL : Errno.None;
            case MapFlags.Private:
                if (file is not null && !file.Access.HasFlag(FileAccess.Read)) return Errno.EACCES;
                return file is not null && (areaFlags & AreaFlags.GrowsDown) != 0 ? Errno.EINVAL : Errno.None;
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>Limits and overcommit, net of what a fixed map replaces (<c>mm/vma.c:__mmap_prepare()</c>).</summary>
    private Errno CheckReplacement(ulong start, ulong end, bool shared, VmFile? file, AreaChange change, ref AreaFlags areaFlags)
    {
        ulong replaced = 0, accounted = 0;
        foreach (VmArea area in Areas.Range(start, end))
        {
            // Only a hole in the middle of one area adds to the count.
            if (area.Start < start && area.End > end && !change.Room.MaySplit(1)) return Errno.ENOMEM;
            ulong pages = Page.Count(Math.Min(area.End, end) - Math.Max(area.Start, start));
            replaced += pages;
            if (area.Has(AreaFlags.Account)) accounted += pages;
        }

        ulong wanted = Page.Count(end - start);
        bool admitted = change.Room.MayExpand(areaFlags, wanted - replaced, dataGrowth: wanted);
        if (admitted && AreaUsage.IsAccountable(areaFlags))
        {
            admitted = wanted == accounted || change.Room.TryCommit(wanted - accounted);
            areaFlags |= AreaFlags.Account;
        }

        // The object behind shared anonymous memory is charged as a whole (mm/shmem.c:shmem_acct_size()).
        if (admitted && shared && file is null && (areaFlags & AreaFlags.NoReserve) == 0) admitted = change.Room.TryCommit(wanted);
        if (admitted) return Errno.None;
        if (replaced != 0 && !change.Room.WasRefused) SplitAtEnds(start, end, change);
        return Errno.ENOMEM;
    }

    /// <summary>What Linux has done by the time that the limits are checked (<c>mm/vma.c:vms_gather_munmap_vmas()</c>): it keeps the splits.</summary>
    private static void SplitAtEnds(ulong start, ulong end, AreaChange change)
    {
        change.Split(start);
        change.Split(end);
        change.Release();
        change.Finish();
    }

    private static AreaFlags FlagsOf(Protection protection) => (AreaFlags)protection & AreaFlags.AccessMask;

    /// <summary><c>include/linux/mman.h:calc_vm_flag_bits()</c>. MAP_STACK asks for no huge pages since Linux 6.7, which stops merging.</summary>
    private static AreaFlags FlagsOf(MapFlags flags)
    {
        var areaFlags = AreaFlags.None;
        if ((flags & MapFlags.GrowsDown) != 0) areaFlags |= AreaFlags.GrowsDown;
        if ((flags & MapFlags.Locked) != 0) areaFlags |= AreaFlags.Locked;
        if ((flags & MapFlags.Stack) != 0) areaFlags |= AreaFlags.NoHugePage;
        return areaFlags;
    }
}
