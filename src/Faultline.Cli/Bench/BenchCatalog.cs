using Faultline.Cli.Bench.Benchmarks;

namespace Faultline.Cli.Bench;

/// <summary>Every benchmark, in the order of the report.</summary>
internal static class BenchCatalog
{
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new StreamFaultBenchmark(),
        new WindowFaultBenchmark(),
        new WriterFaultBenchmark(),
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
}
