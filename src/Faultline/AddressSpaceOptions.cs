namespace Faultline;

/// <summary>How an <see cref="AddressSpace"/> behaves where Linux has a setting or a configuration. The defaults are those of Linux 6.18 for x86-64.</summary>
public sealed partial class AddressSpaceOptions
{
    private const ulong DefaultMmapBase = 0x7fff_f7ff_f000;
    private const ulong DefaultMinimumAddress = 64 << 10;
    private const int DefaultMaximumAreas = 65530;

    /// <summary>
    /// Maps without a hint are placed downwards from here; in bytes, a multiple of 4096. Default: 0x7ffff7fff000, where Linux begins with address randomisation
    /// off and an 8 MiB stack limit.
    /// </summary>
    public ulong MmapBase { get; init; } = DefaultMmapBase;

    /// <summary>Lowest address that can be mapped (<c>vm.mmap_min_addr</c>), in bytes, a multiple of 4096. Default: 64 KiB.</summary>
    public ulong MinimumAddress { get; init; } = DefaultMinimumAddress;

    /// <summary>Number of areas above which calls fail with ENOMEM (<c>vm.max_map_count</c>). Default: 65530.</summary>
    public int MaximumAreas { get; init; } = DefaultMaximumAreas;

    /// <summary>
    /// Places unhinted anonymous private maps whose length is a multiple of 2 MiB at a multiple of 2 MiB, as Linux with transparent huge pages does since 6.7.
    /// Default: true.
    /// </summary>
    public bool AlignLargeAnonymous { get; init; } = true;

    /// <summary>
    /// Places file maps that contain an aligned 2 MiB of the file so that huge pages could map it, as Linux does for files on ext4, XFS and Btrfs. Default: true.
    /// </summary>
    public bool AlignLargeFiles { get; init; } = true;

    /// <summary>
    /// A single request for more private writable or shared anonymous memory than this fails with ENOMEM, in bytes. Linux compares with RAM plus swap
    /// (<c>vm.overcommit_memory</c> 0); <see cref="ulong.MaxValue"/> never refuses. Default, null: the capacity of the physical memory and its swap devices. Only under
    /// <see cref="Physical.OvercommitMode.Heuristic"/>; the memory's <see cref="Physical.PhysicalMemoryOptions.Overcommit"/> says what holds for all its spaces.
    /// </summary>
    public ulong? CommitLimit { get; init; }

    /// <summary>
    /// The owner may do what Linux allows to root: lock memory beyond RLIMIT_MEMLOCK (<c>CAP_IPC_LOCK</c>) and map below
    /// <see cref="MinimumAddress"/> by MAP_FIXED (<c>CAP_SYS_RAWIO</c>). Default: false.
    /// </summary>
    public bool Privileged { get; init; }

    /// <summary>
    /// <c>munmap</c>, a shrinking <c>mremap</c> and a shrinking <c>brk</c> keep the lock only for read while they free the pages, as Linux does. Default: true.
    /// </summary>
    public bool DowngradeOnUnmap { get; init; } = true;

    /// <summary>Limits the frames that the space, its forked children and other members of the group take together. Default, null: no limit.</summary>
    public Physical.MemoryGroup? MemoryGroup { get; init; }

    /// <summary>The limits that a new address space starts with; it takes a copy.</summary>
    public ResourceLimits Limits { get; init; } = new();
}
