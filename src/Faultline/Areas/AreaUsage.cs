using Faultline.Sync;

namespace Faultline.Areas;

/// <summary>Pages of an address space by kind, as the resource limits count them.</summary>
/// <remarks>
/// Linux keeps the same numbers in <c>mm_struct</c> and changes them call by call (<c>mm/mmap.c:vm_stat_account()</c>); here every area that
/// enters or leaves the tree is counted in one place, so no call can forget one.
/// </remarks>
/// <param name="isShared">Writers under ranges add at the same time. <see cref="UsageRoom"/> keeps them within the limits.</param>
internal sealed class AreaUsage(bool isShared)
{
    /// <summary>How many totals limits count: the number of <see cref="UsageKind"/>s.</summary>
    public const int Kinds = (int)UsageKind.Areas + 1;

    // What writers under ranges may yet add, by kind. Atomic additions, which are full fences: see UsageRoom.
    private readonly Word64[] _promised = new Word64[Kinds];

    // Written under the space's lock, or by atomic additions if several write. Read without order.
    private Word64 _total, _data, _locked, _committed;

    /// <summary>All mapped pages (<c>total_vm</c>), which RLIMIT_AS limits.</summary>
    public ulong Total => _total.LoadRelaxed();

    /// <summary>Private writable pages (<c>data_vm</c>), which RLIMIT_DATA limits.</summary>
    public ulong Data => _data.LoadRelaxed();

    /// <summary>Pages of locked areas (<c>locked_vm</c>), which RLIMIT_MEMLOCK limits.</summary>
    public ulong Locked => _locked.LoadRelaxed();

    /// <summary>Pages of areas that are counted against the overcommit limit.</summary>
    public ulong Committed => _committed.LoadRelaxed();

    /// <summary>Adds to what is promised, as a full fence, and returns the sum.</summary>
    public ulong Promise(UsageKind kind, ulong growth) => _promised[(int)kind].Add(unchecked((long)growth));

    /// <summary>An area enters the tree.</summary>
    public void Add(VmArea area) => Count(area.Flags, area.Pages);

    /// <summary>An area leaves the tree.</summary>
    public void Remove(VmArea area) => Count(area.Flags, unchecked(0 - area.Pages));

    /// <summary>Private, writable and not a stack (<c>is_data_mapping()</c>).</summary>
    public static bool IsData(AreaFlags flags) => (flags & (AreaFlags.Write | AreaFlags.Shared | AreaFlags.GrowsDown)) == AreaFlags.Write;

    /// <summary>Private writable memory that did not ask to be left out (<c>mm/vma.c:accountable_mapping()</c>).</summary>
    public static bool IsAccountable(AreaFlags flags) => (flags & (AreaFlags.NoReserve | AreaFlags.Shared | AreaFlags.Write)) == AreaFlags.Write;

    // Removal adds the two's complement.
    private void Count(AreaFlags flags, ulong pages)
    {
        Add(ref _total, pages);
        if (IsData(flags)) Add(ref _data, pages);
        if ((flags & AreaFlags.Locked) != 0) Add(ref _locked, pages);
        if ((flags & AreaFlags.Account) != 0) Add(ref _committed, pages);
    }

    private void Add(ref Word64 count, ulong pages)
    {
        if (isShared) count.Add(unchecked((long)pages));
        else count.StoreRelaxed(unchecked(count.LoadRelaxed() + pages));
    }
}

/// <summary>A total that a limit counts.</summary>
internal enum UsageKind
{
    /// <summary>Mapped pages: RLIMIT_AS.</summary>
    Total,

    /// <summary>Private writable pages: RLIMIT_DATA.</summary>
    Data,

    /// <summary>Pages of locked areas: RLIMIT_MEMLOCK.</summary>
    Locked,

    /// <summary>Areas: the map count.</summary>
    Areas,
}
