namespace Faultline.Areas;

/// <summary>What an area is and may become (Linux <c>vm_flags</c>, by its names; own values).</summary>
/// <remarks>
/// Two neighbours merge only if all bits but <see cref="NotCompared"/> agree (Linux <c>mm/vma.c:is_mergeable_vma()</c>).
/// </remarks>
[Flags]
internal enum AreaFlags : uint
{
    None = 0,

    // What an access may do now: the same bits as Protection.
    Read = 1 << 0,
    Write = 1 << 1,
    Execute = 1 << 2,
    AccessMask = Read | Write | Execute,

    // What mprotect may grant.
    MayRead = 1 << 3,
    MayWrite = 1 << 4,
    MayExecute = 1 << 5,
    MayAccessMask = MayRead | MayWrite | MayExecute,

    Shared = 1 << 6,
    GrowsDown = 1 << 7,
    Locked = 1 << 8,
    LockOnFault = 1 << 9,
    LockMask = Locked | LockOnFault,
    NoReserve = 1 << 10,

    /// <summary>Counted against the overcommit limit.</summary>
    Account = 1 << 11,

    // Advice.
    SequentialRead = 1 << 12,
    RandomRead = 1 << 13,
    DontCopy = 1 << 14,
    WipeOnFork = 1 << 15,
    DontDump = 1 << 16,
    HugePage = 1 << 17,
    NoHugePage = 1 << 18,
    Mergeable = 1 << 19,

    /// <summary>Soft-dirty tracking: new and merged areas carry it; it never stops a merge.</summary>
    SoftDirty = 1 << 20,

    /// <summary>Raw frames of a device only, and private copies of them (Linux <c>VM_PFNMAP</c>, with <c>VM_IO</c> and <c>VM_DONTEXPAND</c>).</summary>
    PureFrames = 1 << 21,

    /// <summary>Raw frames of a device beside ordinary pages (Linux <c>VM_MIXEDMAP</c>).</summary>
    MixedMap = 1 << 22,

    /// <summary>Such areas never merge and are never locked (Linux <c>VM_SPECIAL</c>).</summary>
    RawMask = PureFrames | MixedMap,

    // Faults that the area's handler serves.
    UserFaultMissing = 1 << 23,
    UserFaultWriteProtect = 1 << 24,
    UserFaultMask = UserFaultMissing | UserFaultWriteProtect,

    NotCompared = SoftDirty,
}

/// <summary>Relations between bits of <see cref="AreaFlags"/>.</summary>
internal static class AreaFlagBits
{
    /// <summary>Distance from a right to the bit that says it may be granted.</summary>
    public const int MayShift = 3;
}
