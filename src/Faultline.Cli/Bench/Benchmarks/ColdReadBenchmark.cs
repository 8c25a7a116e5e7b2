using System.Diagnostics;
using Faultline.Files;
using Faultline.Physical;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>
/// The test of October 2010 that gave Linux its retry mechanism: one thread reads a mapped file at random pages that are not in memory, another maps and unmaps elsewhere.
/// What the second gets done per second is what the first leaves it (then 55 against 15,000).
/// </summary>
internal sealed class ColdReadBenchmark(bool direct) : Benchmark
{
    private const int Pages = 4096;

    // 20 ms at least on the slow device.
    private const int ReadsPerTurn = 4;

    // No less than a retry costs on any machine, and a twentieth of a wait for the device.
    private const double Free = 0.05;

    private const string KeepsLock = "classic, keeps the lock";
    private const string Retries = "classic, drops it to wait";
    private const string Aborts = "speculative, hands waits to classic";
    private const string Waits = "speculative, waits holding nothing";

    public override string Name => direct ? "file/cold-read-direct" : "file/cold-read";

    public override string Summary => "map and unmap beside a thread that reads a cold file at random, " +
        (direct ? "on the host's disk by direct I/O" : $"on a device that takes {SlowFile.Delay.TotalMilliseconds:0} ms a page");

    public override string Unit => "ns/map+unmap";

    public override IReadOnlyList<Limit> Limits { get; } = direct ? [] :
    [
        Limit.TimeAtMost(Retries, KeepsLock, Free),
        Limit.TimeAtMost(Aborts, KeepsLock, Free),
        Limit.TimeAtMost(Waits, KeepsLock, Free),
    ];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(2L * Pages * Page.Size);
        var files = direct ? new DirectFile(Pages) : null;
        Variant[] variants =
        [
            Of(KeepsLock, new AddressSpaceOptions { Design = FaultDesign.Classic, DropLockToWait = false }),
            Of(Retries, new AddressSpaceOptions { Design = FaultDesign.Classic }),
            Of(Aborts, new AddressSpaceOptions { WaitSpeculatively = false }),
            Of(Waits, new AddressSpaceOptions()),
        ];
        return files is null ? new OpenBenchmark(variants, memory) : new OpenBenchmark(variants, memory, files);

        Variant Of(string name, AddressSpaceOptions options) => new(name, repetitions => Measure(memory, options, files, repetitions));
    }

    /// <summary>Everything anew, so that every page is cold.</summary>
    private static Reading Measure(PhysicalMemory memory, AddressSpaceOptions options, DirectFile? files, int repetitions)
    {
        using var guest = new Guest(memory, options);
        using VmFile file = files is null ? new SlowFile(memory, Pages) : files.Open(memory);
        ulong start = guest.Space.Map(0, (ulong)Pages * Page.Size, Protection.Read, MapFlags.Shared, file, 0);
        guest.Space.Advise(start, (ulong)Pages * Page.Size, Advice.Random);
        using var writer = new UnrelatedWriter(guest, gate: null);
        long before = writer.Pairs, began = Stopwatch.GetTimestamp();
        for (int read = 0; read < Math.Min(repetitions * ReadsPerTurn, Pages); read++)
        {
            // An odd step visits every page once.
            ulong page = (ulong)((read * 1_237) % Pages);
            if (guest.Accessor.Read<ulong>(start + (page * Page.Size)) != FilePattern.WordAt(page, 0)) throw new InvalidOperationException("A page has wrong contents.");
        }

        return Reading.Since(began, Math.Max(1, writer.Pairs - before));
    }
}
