using System.Diagnostics;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>
/// Thread stacks are due at fixed times while another thread maps, touches and unmaps a lot: "do not delay stack creation for new threads while a
/// large munmap is going on".
/// </summary>
internal sealed class ThreadStackBenchmark : Benchmark
{
    private const int UnmapLength = 1 << 30;
    private const int StackLength = 8 << 20, TouchedPages = 4;
    private const int PercentileOfTail = 99;
    private const string Downgraded = Names.MmapLock + ", downgraded";
    private static readonly long s_period = Stopwatch.Frequency / 10_000;

    // Fifteen rounds come to more than twenty seconds of each variant.
    private static readonly TimeSpan s_measurement = TimeSpan.FromSeconds(1.4);

    public override string Name => "designs/thread-stacks";

    public override string Summary => "a stack mapped, guarded and touched every 100 µs, from when it is due, while 1 GiB is mapped, touched and unmapped in a loop";

    public override string Unit => "ns";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.TimeAtMost(Names.RangeLock, Names.MmapLock, 1.0 / 20, Metric.P99)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(UnmapLength);
        var held = new Guest(memory, new AddressSpaceOptions { DowngradeOnUnmap = false });
        var downgraded = new Guest(memory, new AddressSpaceOptions { DowngradeOnUnmap = true });
        var ranges = new Guest(memory, new AddressSpaceOptions { DowngradeOnUnmap = false, WriterLock = WriterLock.RangeLock });
        return new OpenBenchmark(
            [
                new(Names.MmapLock, _ => Measure(held), held.Space),
                new(Downgraded, _ => Measure(downgraded), downgraded.Space),
                new(Names.RangeLock, _ => Measure(ranges), ranges.Space),
            ],
            memory, held, downgraded, ranges);
    }

    private static Reading Measure(Guest guest)
    {
        using var writer = new LargeWriter(guest.Space, UnmapLength);
        var latencies = new List<long>();
        long start = Stopwatch.GetTimestamp();
        for (long due = start; Stopwatch.GetElapsedTime(start, due) < s_measurement; due += s_period)
        {
            // Late: no pause. What a stack waits for its predecessors is part of its latency.
            while (Stopwatch.GetTimestamp() < due) Thread.SpinWait(1);
            ulong stack = guest.Map(StackLength);
            guest.Space.Protect(stack, Page.Size, Protection.None);
            for (int i = 1; i <= TouchedPages; i++) guest.Accessor.Write(stack + StackLength - (ulong)(i * Page.Size), i);
            latencies.Add(Stopwatch.GetTimestamp() - due);
            guest.Unmap(stack, StackLength);
        }

        latencies.Sort();
        return new(Reading.Nanoseconds((long)latencies.Average()), Reading.Nanoseconds(latencies[latencies.Count * PercentileOfTail / 100]));
    }

    /// <summary>Maps, touches and unmaps until disposed of.</summary>
    private sealed class LargeWriter : IDisposable
    {
        private readonly Thread _thread;

        // Written by the measuring thread, read by the writer after each block.
        private volatile bool _stop;

        public LargeWriter(AddressSpace space, int length)
        {
            _thread = new Thread(() => Run(space, length)) { IsBackground = true, Name = "large writer" };
            _thread.Start();
        }

        public void Dispose()
        {
            _stop = true;
            _thread.Join();
        }

        private void Run(AddressSpace space, int length)
        {
            const int Block = 1 << 20;
            using var accessor = space.CreateAccessor();
            while (!_stop)
            {
                ulong start = space.Map(0, (ulong)length, Protection.ReadWrite, MapFlags.Private);
                for (int done = 0; done < length && !_stop; done += Block) GuestFaults.Touch(accessor, start + (ulong)done, Block);
                space.Unmap(start, (ulong)length);
            }
        }
    }
}
