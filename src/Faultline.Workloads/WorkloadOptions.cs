namespace Faultline.Workloads;

/// <summary>Sizes and switches. What a workload does not know it ignores.</summary>
public sealed record WorkloadOptions
{
    private const ulong DefaultRegion = 128 << 20;
    private const ulong DefaultChunk = 512 << 10;

    /// <summary>Bytes that each thread maps: page_fault1 to 3, mmap1, mmap2, malloc1 and pft. A multiple of a page.</summary>
    public ulong RegionBytes { get; init; } = DefaultRegion;

    /// <summary>ebizzy's <c>-s</c>: bytes of a chunk. A multiple of a page.</summary>
    public ulong ChunkBytes { get; init; } = DefaultChunk;

    /// <summary>ebizzy's <c>-n</c>: chunks.</summary>
    public int Chunks { get; init; } = 10;

    /// <summary>ebizzy's <c>-R</c>: a record takes a random part of a chunk, and not all of it.</summary>
    public bool RandomSize { get; init; }

    /// <summary>ebizzy's <c>-p</c>: every other chunk is read-only, so that areas cannot merge.</summary>
    public bool ProtectChunks { get; init; }

    /// <summary>ebizzy without <c>-T</c>: records are copied and searched, and not only touched.</summary>
    public bool CopyRecords { get; init; }

    /// <summary>thread_start: areas of a thread.</summary>
    public int Areas { get; init; } = 10;

    /// <summary>thread_start: pages that it touches in each.</summary>
    public int Pages { get; init; } = 10;

    /// <summary>Every page is checked after it was touched, and not one of each megabyte.</summary>
    public bool VerifyEveryPage { get; init; }
}
