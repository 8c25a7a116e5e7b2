namespace Faultline.Areas;

/// <summary>Pages of an address space by kind, as the resource limits count them. Guarded by the space's writer lock.</summary>
/// <remarks>
/// Linux keeps the same numbers in <c>mm_struct</c> and changes them call by call (<c>mm/mmap.c:vm_stat_account()</c>); here every area that
/// enters or leaves the tree is counted in one place, so no call can forget one.
/// </remarks>
internal sealed class AreaUsage
{
    /// <summary>All mapped pages (<c>total_vm</c>), which RLIMIT_AS limits.</summary>
    public ulong Total { get; private set; }

    /// <summary>Private writable pages (<c>data_vm</c>), which RLIMIT_DATA limits.</summary>
    public ulong Data { get; private set; }

    /// <summary>Pages of locked areas (<c>locked_vm</c>), which RLIMIT_MEMLOCK limits.</summary>
    public ulong Locked { get; private set; }

    /// <summary>Pages of areas that are counted against the overcommit limit.</summary>
    public ulong Committed { get; private set; }

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
        unchecked
        {
            Total += pages;
            if (IsData(flags)) Data += pages;
            if ((flags & AreaFlags.Locked) != 0) Locked += pages;
            if ((flags & AreaFlags.Account) != 0) Committed += pages;
        }
    }
}
