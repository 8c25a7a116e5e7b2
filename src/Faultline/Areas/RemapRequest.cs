namespace Faultline.Areas;

/// <summary>What an <c>mremap</c> asks for, lengths in whole pages (Linux <c>vma_remap_struct</c>).</summary>
internal readonly record struct RemapRequest(ulong Address, ulong OldLength, ulong NewLength, RemapFlags Flags, ulong NewAddress)
{
    /// <summary>Where to put a mapping that moves to no fixed place; null: where the search says.</summary>
    public RecordedPlace? Place { get; init; }

    private const RemapFlags KnownFlags = RemapFlags.MayMove | RemapFlags.Fixed | RemapFlags.DontUnmap;

    /// <summary>The mapping moves, to <see cref="NewAddress"/> or, without Fixed, to where it is free.</summary>
    public bool HasTarget => (Flags & (RemapFlags.Fixed | RemapFlags.DontUnmap)) != 0;

    public bool IsGrowth => NewLength > OldLength;

    public bool IsShrink => NewLength < OldLength;

    /// <summary>To a fixed place without change of size: may span several areas (since Linux 6.17).</summary>
    public bool IsPureMove => (Flags & RemapFlags.Fixed) != 0 && OldLength == NewLength;

    /// <summary>What is wrong whatever is mapped (<c>mm/mremap.c:check_mremap_params()</c>).</summary>
    public Errno Check()
    {
        if ((Flags & ~KnownFlags) != 0) return Errno.EINVAL;
        if (!Page.IsAligned(Address)) return Errno.EINVAL;
        if (NewLength == 0) return Errno.EINVAL;
        if (NewLength > UserSpace.End) return Errno.EINVAL;
        if (!HasTarget) return Errno.None;

        if (NewAddress > UserSpace.End - NewLength) return Errno.EINVAL;
        if (!Page.IsAligned(NewAddress)) return Errno.EINVAL;
        if ((Flags & RemapFlags.MayMove) == 0) return Errno.EINVAL;
        if ((Flags & RemapFlags.DontUnmap) != 0 && OldLength != NewLength) return Errno.EINVAL;
        bool overlaps = Address + OldLength > NewAddress && NewAddress + NewLength > Address;
        return overlaps ? Errno.EINVAL : Errno.None;
    }
}
