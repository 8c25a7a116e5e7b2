namespace Faultline.Physical;

/// <summary>How to make a <see cref="PhysicalMemory"/>.</summary>
public sealed class PhysicalMemoryOptions
{
    /// <summary>Frames of 4 KiB that can be in use at a time. 65,536 (256 MiB) unless set.</summary>
    /// <remarks>The host's memory is used as frames are first touched, and kept until the <see cref="PhysicalMemory"/> is disposed.</remarks>
    public long CapacityInFrames { get; init; } = 1 << 16;

    /// <summary>Touches all of the arena at once, so that no fault pays for a fault of the host. For measurements.</summary>
    public bool Prefault { get; init; }

    /// <summary>
    /// Where private pages and pages of files in memory go when frames run out: the first device that has room takes the page. None unless set: then only what files have is
    /// reclaimed. At most 16; a device serves one memory, until that is disposed of with all frames home.
    /// </summary>
    public IReadOnlyList<Swap.SwapDevice> SwapDevices { get; init; } = [];

    /// <summary>How much more than there is may be promised to programs. <see cref="OvercommitMode.Heuristic"/> unless set.</summary>
    public OvercommitMode Overcommit { get; init; }

    /// <summary>
    /// Per cent of the capacity that may be promised, besides all of the swap devices, under <see cref="OvercommitMode.Never"/> (<c>vm.overcommit_ratio</c>). 50 unless set; more than
    /// 100 is allowed.
    /// </summary>
    public int OvercommitRatio { get; init; } = 50;

    /// <summary>Bytes that may be promised instead of <see cref="OvercommitRatio"/>'s part (<c>vm.overcommit_kbytes</c>). Null unless set: the ratio counts.</summary>
    public ulong? OvercommitBytes { get; init; }

    /// <summary>
    /// Fills freed frames with a pattern and checks the pattern when they are handed out again: finds writes into freed frames and frames
    /// freed twice, for about 100 ns a frame. On in debug builds.
    /// </summary>
    public bool PoisonFreedFrames { get; init; }
#if DEBUG
        = true;
#endif
}
