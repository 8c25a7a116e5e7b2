namespace Faultline;

/// <summary>Advice of <c>madvise</c>: Linux <c>MADV_*</c> for x86-64, same values.</summary>
public enum Advice
{
    /// <summary>No special treatment.</summary>
    Normal = 0,

    /// <summary>Random access: no read-ahead.</summary>
    Random = 1,

    /// <summary>Sequential access.</summary>
    Sequential = 2,

    /// <summary>Will be needed soon.</summary>
    WillNeed = 3,

    /// <summary>Drops the pages now; the next access finds zeroes or the file's contents.</summary>
    DontNeed = 4,

    /// <summary>The pages may be dropped under memory pressure, unless written again.</summary>
    Free = 8,

    /// <summary>Punches a hole in the file behind a shared mapping.</summary>
    Remove = 9,

    /// <summary>Not inherited by a forked child.</summary>
    DontFork = 10,

    /// <summary>Undoes <see cref="DontFork"/>.</summary>
    DoFork = 11,

    /// <summary>May be merged with equal pages (KSM): kept as a flag.</summary>
    Mergeable = 12,

    /// <summary>Undoes <see cref="Mergeable"/>.</summary>
    Unmergeable = 13,

    /// <summary>Huge pages are welcome: kept as a flag, since it stops merging.</summary>
    HugePage = 14,

    /// <summary>No huge pages: kept as a flag, since it stops merging.</summary>
    NoHugePage = 15,

    /// <summary>Left out of core dumps: kept as a flag.</summary>
    DontDump = 16,

    /// <summary>Undoes <see cref="DontDump"/>.</summary>
    DoDump = 17,

    /// <summary>A forked child finds zeroes here.</summary>
    WipeOnFork = 18,

    /// <summary>Undoes <see cref="WipeOnFork"/>.</summary>
    KeepOnFork = 19,

    /// <summary>Not needed for a while.</summary>
    Cold = 20,

    /// <summary>
    /// To be reclaimed now, unless another entry maps the page too: what is changed goes to a swap device, what a file has is dropped, and what only has to be written to its file is unmapped.
    /// </summary>
    PageOut = 21,

    /// <summary>Faults pages in for reading.</summary>
    PopulateRead = 22,

    /// <summary>Faults pages in for writing.</summary>
    PopulateWrite = 23,

    /// <summary>As <see cref="DontNeed"/>, on locked pages too.</summary>
    DontNeedLocked = 24,

    /// <summary>
    /// Takes the frames of the pages out of service, as a hardware error would: accesses get <see cref="FaultSignal.HardwarePoison"/>. For tests; needs
    /// <see cref="AddressSpaceOptions.Privileged"/>.
    /// </summary>
    HardwarePoison = 100,
}
