namespace Faultline;

public sealed partial class AddressSpaceOptions
{
    /// <summary>How faults are served. Default: <see cref="FaultDesign.AreaSequence"/>.</summary>
    public FaultDesign Design { get; init; } = FaultDesign.AreaSequence;

    /// <summary>What excludes calls from each other. Default: <see cref="WriterLock.MmapLock"/>.</summary>
    public WriterLock WriterLock { get; init; }

    /// <summary>
    /// While the space has one accessor its faults go the classic way, as in patch 22 of v12 (<c>mm_users == 1</c>): nobody else can hold the lock
    /// for long. Default: false.
    /// </summary>
    public bool SingleThreadShortcut { get; init; }

    /// <summary>
    /// A classic fault gives <c>mmap_lock</c> up while a file reads the page, and then begins anew, once: Linux's retry mechanism, since 2.6.37. Without, as before, everybody
    /// who wants the lock for write waits for the device. Files that do not support speculation are always called under the lock. Default: true.
    /// </summary>
    public bool DropLockToWait { get; init; } = true;

    /// <summary>
    /// A speculative fault waits for a page that is not in memory, holding no lock, and then begins anew. Without, it hands the fault to the classic path, as in the
    /// Android kernels that carry v12. Default: true.
    /// </summary>
    public bool WaitSpeculatively { get; init; } = true;

    /// <summary>
    /// Entries say by a bit of their own that their frame is not an ordinary page (Linux <c>ARCH_HAS_PTE_SPECIAL</c>, which v12 required). Without the bit the area's
    /// start and offset say it. Default: true, as on x86-64.
    /// </summary>
    public bool HasSpecialBit { get; init; } = true;

    /// <summary>
    /// A read of private anonymous memory that nobody has written maps the frame of zeroes that all spaces share. Without, it takes a frame of its own as a write does, writable
    /// and dirty where the area is writable: so on kernels that forbid the zero page (Linux <c>mm_forbids_zeropage()</c>, on s390; builds of some hosts of virtual machines), which
    /// the differential tests recognise. Default: true.
    /// </summary>
    public bool HasZeroPage { get; init; } = true;
}
