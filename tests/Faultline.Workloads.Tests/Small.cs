using Faultline.Physical;

namespace Faultline.Workloads.Tests;

/// <summary>Workloads in a size that takes milliseconds, with every page checked.</summary>
internal static class Small
{
    private const int PageTablesAndMagazines = 4096;

    public static WorkloadOptions Options { get; } = new()
    {
        RegionBytes = 300 * 4096,
        ChunkBytes = 5 * 4096,
        Chunks = 3,
        Areas = 3,
        Pages = 2,
        VerifyEveryPage = true,
    };

    /// <summary>Enough for the workload, and not much more.</summary>
    public static PhysicalMemory MemoryFor(Workload workload, int threads) =>
        new(new PhysicalMemoryOptions { CapacityInFrames = (long)(workload.BytesNeeded(threads, Options) / 4096) + PageTablesAndMagazines });
}
