using System.Diagnostics;
using Faultline.Physical;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Each thread maps at a fixed address in a region of its own, touches pages or none, and unmaps: writers that need not meet.</summary>
/// <remarks>
/// Two variants have no limit and say how much of the rest is the machine's: the same loops in spaces of their own, over one memory, and over memories of their own. Those share nothing
/// but the collector and the processor: no engine does better here.
/// </remarks>
internal sealed class RegionBenchmark(bool touch) : Benchmark
{
    private const ulong FirstRegion = 1UL << 40;
    private const ulong RegionLength = 1 << 30;
    private const int Pages = 16;
    private const int Threads = 2;
    private const int RoundsPerRepetition = 512;
    private const string OneThread = ", one thread", TwoThreads = ", two threads", TwoSpaces = ", two spaces", TwoMemories = ", two memories";

    public override string Name => touch ? "designs/regions" : "designs/regions-untouched";

    public override string Summary =>
        $"{Pages} pages mapped at a fixed address{(touch ? ", touched" : "")} and unmapped, by each thread in its own GiB; elapsed time by all threads' rounds";

    public override string Unit => "ns/round";

    public override IReadOnlyList<Limit> Limits { get; } = touch
        ?
        [
            Limit.SpeedAtLeast(Names.RangeLock + TwoThreads, Names.RangeLock + OneThread, 1.70),
            Limit.TimeAtMost(Names.RangeLock + OneThread, Names.MmapLock + OneThread, 1.10),
        ]
        : [Limit.SpeedAtLeast(Names.RangeLock + TwoThreads, Names.RangeLock + OneThread, 1.20)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(2 * Threads * Pages * Page.Size);
        var owned = new List<IDisposable> { memory };
        return new OpenBenchmark(
            [
                Variant(Names.MmapLock + OneThread, WriterLock.MmapLock, 1),
                Variant(Names.MmapLock + TwoThreads, WriterLock.MmapLock, Threads),
                Variant(Names.RangeLock + OneThread, WriterLock.RangeLock, 1),
                Variant(Names.RangeLock + TwoThreads, WriterLock.RangeLock, Threads),
                Apart(Names.RangeLock + TwoSpaces, memory, memory),
                Apart(Names.RangeLock + TwoMemories, memory, Owned(Guest.Memory(2 * Threads * Pages * Page.Size))),
            ],
            [.. owned]);

        PhysicalMemory Owned(PhysicalMemory other)
        {
            owned.Add(other);
            return other;
        }

        Variant Apart(string name, params PhysicalMemory[] memories)
        {
            var accessors = new MemoryAccessor[Threads];
            for (int i = 0; i < Threads; i++)
            {
                var space = new AddressSpace(memories[i], new AddressSpaceOptions { WriterLock = WriterLock.RangeLock });
                accessors[i] = space.CreateAccessor();
                owned.AddRange([space, accessors[i], space.CreateAccessor()]);
            }

            return new(name, n => Measure(accessors, n));
        }

        // Each in a space of its own, which counts what waits there. All with as many accessors: an unmap asks them.
        Variant Variant(string name, WriterLock writers, int threads)
        {
            var space = new AddressSpace(memory, new AddressSpaceOptions { WriterLock = writers });
            var accessors = Enumerable.Range(0, Threads).Select(_ => space.CreateAccessor()).ToArray();
            owned.AddRange([space, .. accessors]);
            return new(name, n => Measure(accessors[..threads], n), space);
        }
    }

    private Reading Measure(MemoryAccessor[] accessors, int repetitions)
    {
        int rounds = repetitions * RoundsPerRepetition;
        int ready = 0;
        long[] ends = new long[accessors.Length], starts = new long[accessors.Length];
        var threads = accessors.Select((accessor, i) => new Thread(() =>
        {
            // Awake: what a sleeper takes to wake up is no part of the rounds.
            Interlocked.Increment(ref ready);
            while (Volatile.Read(ref ready) < accessors.Length) Thread.SpinWait(1);
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
