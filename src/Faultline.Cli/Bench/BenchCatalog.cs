using Faultline.Cli.Bench.Benchmarks;

namespace Faultline.Cli.Bench;

/// <summary>Every benchmark, in the order of the report.</summary>
internal static class BenchCatalog
{
    /// <summary>Of <c>faultline bench</c>.</summary>
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new StreamFaultBenchmark(),
        new WindowFaultBenchmark(),
        new WriterFaultBenchmark(),
        new BlockedThreadsBenchmark(threads: 1),
        new BlockedThreadsBenchmark(threads: 8),
        new BlockedThreadsBenchmark(threads: 64),
        new WorkloadBenchmark("page_fault2", 1, NotSlower, Limit.TimeAtMost(Names.Speculative, Names.Host, 0.35)),
        new WorkloadBenchmark("page_fault2", 2, NotSlower),
        new WorkloadBenchmark("page_fault3", 1, NotSlower),
        new WorkloadBenchmark("page_fault3", 2, NotSlower),
        new OptInBenchmark(),
        new SpecialBitBenchmark(SpecialBitBenchmark.Kind.Anonymous),
        new SpecialBitBenchmark(SpecialBitBenchmark.Kind.Raw),
        new SpecialBitBenchmark(SpecialBitBenchmark.Kind.Copy),
        new FileReadBenchmark(),
        new ColdReadBenchmark(direct: false),
        new ColdReadBenchmark(direct: true),
        new SwapInBenchmark(),
        new EbizzyShareBenchmark(),
        new MapUnmapBenchmark(touch: false),
        new MapUnmapBenchmark(touch: true),
        new ReadBenchmark(),
        new WriteBenchmark(),
        new CopyBenchmark(),
        new ScanBenchmark(),
        new AreaTreeBenchmark(),
        new RangeLockBenchmark(threads: 1),
        new RangeLockBenchmark(threads: 2),
        new AllocationBenchmark(),
    ];

    /// <summary>Of <c>faultline bench designs</c>.</summary>
    public static IReadOnlyList<Benchmark> Designs { get; } =
    [
        new DesignFaultsBenchmark(threads: 1, oneArea: false),
        new DesignFaultsBenchmark(threads: 2, oneArea: false),
        new DesignFaultsBenchmark(Math.Max(2, Environment.ProcessorCount), oneArea: true),
        new IdleAccessorsBenchmark(),
        new RegionBenchmark(touch: true),
        new RegionBenchmark(touch: false),
        new ThreadStackBenchmark(),
    ];

    private static Limit NotSlower => Limit.TimeAtMost(Names.Speculative, Names.Classic, 1.00);
}
