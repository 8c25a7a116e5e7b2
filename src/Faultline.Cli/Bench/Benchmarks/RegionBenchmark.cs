using System.Diagnostics;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Each thread maps at a fixed address in a region of its own, touches pages or none, and unmaps: writers that need not meet.</summary>
internal sealed class RegionBenchmark(bool touch) : Benchmark
{
    private const ulong FirstRegion = 1UL << 40;
    private const ulong RegionLength = 1 << 30;
    private const int Pages = 16;
    private const int RoundsPerRepetition = 64;
    private const string OneThread = ", one thread", TwoThreads = ", two threads";

    public override string Name => touch ? "designs/regions" : "designs/regions-untouched";

    public override string Summary =>
        $"{Pages} pages mapped at a fixed address{(touch ? ", touched" : "")} and unmapped, by each thread in its own GiB; elapsed time by all threads' rounds";

    public override string Unit => "ns/round";

    public override IReadOnlyList<Limit> Limits { get; } = [];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(2 * Pages * Page.Size);
        var space = new AddressSpace(memory);
        MemoryAccessor[] accessors = [space.CreateAccessor(), space.CreateAccessor()];
        return new OpenBenchmark(
            [new(Names.MmapLock + OneThread, n => Measure(accessors[..1], n)), new(Names.MmapLock + TwoThreads, n => Measure(accessors, n))],
            [memory, space, .. accessors]);
    }

    private Reading Measure(MemoryAccessor[] accessors, int repetitions)
    {
        int rounds = repetitions * RoundsPerRepetition;
        using var start = new Barrier(accessors.Length);
        long[] ends = new long[accessors.Length], starts = new long[accessors.Length];
        var threads = accessors.Select((accessor, i) => new Thread(() =>
        {
            start.SignalAndWait();
            starts[i] = Stopwatch.GetTimestamp();
            for (int round = 0; round < rounds; round++) MapTouchUnmap(accessor, FirstRegion + ((ulong)i * RegionLength));
            ends[i] = Stopwatch.GetTimestamp();
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        return new(Reading.Nanoseconds(ends.Max() - starts.Min()) / ((double)rounds * accessors.Length));
    }

    private void MapTouchUnmap(MemoryAccessor accessor, ulong start)
    {
        const int Length = Pages * Page.Size;
        accessor.Space.Map(start, Length, Protection.ReadWrite, MapFlags.Private | MapFlags.Fixed);
        if (touch) GuestFaults.Touch(accessor, start, Length);
        accessor.Space.Unmap(start, Length);
    }
}
