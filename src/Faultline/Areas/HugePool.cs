using Faultline.Files;

namespace Faultline.Areas;

/// <summary>
/// The pool of huge pages that <c>MAP_HUGETLB</c> maps from (Linux <c>mm/hugetlb.c</c>). It is empty, as it is on Linux until an administrator fills it:
/// programs ask, are refused, and go on with small pages.
/// </summary>
internal static class HugePool
{
    // The page size in the flags, as a power of two; 0 for the usual one (MAP_HUGE_SHIFT, MAP_HUGE_MASK).
    private const int SizeShift = 26;
    private const uint SizeMask = 0x3f;

    // Those of x86-64: 2 MiB and 1 GiB.
    private const int UsualSize = 21, LargeSize = 30;

    private const MapFlags TypeMask = (MapFlags)0x0f;

    /// <summary>Why a map with <see cref="MapFlags.HugeTlb"/> and a length is refused.</summary>
    /// <returns>EINVAL: the request is wrong. ENOMEM: it is right, but no page is free.</returns>
    public static Errno Refuse(ulong address, VmFile? file, MapFlags flags)
    {
        int size = (int)(((uint)flags >> SizeShift) & SizeMask);
        if (size == 0) size = UsualSize;
        if (file is not null || size is not (UsualSize or LargeSize)) return Errno.EINVAL;

        bool isFixed = (flags & (MapFlags.Fixed | MapFlags.FixedNoReplace)) != 0;
        bool isShared = (flags & TypeMask) == MapFlags.Shared, isPrivate = (flags & TypeMask) == MapFlags.Private;
        if (!(isShared || isPrivate) || (flags & MapFlags.GrowsDown) != 0) return Errno.EINVAL;
        return isFixed && (address & ((1UL << size) - 1)) != 0 ? Errno.EINVAL : Errno.ENOMEM;
    }
}
