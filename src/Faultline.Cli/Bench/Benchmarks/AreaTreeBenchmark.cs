using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Areas;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>The index of areas by itself, at a size that few programs reach.</summary>
internal sealed class AreaTreeBenchmark : Benchmark
{
    private const int Areas = 50_000;
    private const int Looked = 1 << 16;
    private const int UpdatesPerPass = 1000;
    private const ulong Lowest = 0x10000;
    private const int MostPages = 64;
    private const string Independent = "independent lookups", Dependent = "dependent lookups", Update = "insert or remove";

    public override string Name => "areas/50000";

    public override string Summary => "random lookups and updates among 50,000 areas";

    public override string Unit => "ns/operation";

    public override IReadOnlyList<Limit> Limits { get; } =
    [
        Limit.NanosecondsAtMost(Independent, 100),
        Limit.NanosecondsAtMost(Dependent, 300),
        Limit.NanosecondsAtMost(Update, 600),
    ];

    public override OpenBenchmark Open()
    {
        var random = new Random(Areas);
        var areas = new List<VmArea>();
        ulong start = Lowest;
        while (areas.Count < Areas)
        {
            ulong end = start + ((ulong)random.Next(1, MostPages) * Page.Size);
            areas.Add(new VmArea(start, end, AreaFlags.Read, start >> Page.Shift, file: null, anonVma: null));
            start = end + Page.Size;
        }

        var tree = new AreaTree();
        var shuffled = areas.ToArray();
        random.Shuffle(shuffled);
        foreach (var area in shuffled) tree.Insert(area);
        ulong[] addresses = [.. Enumerable.Range(0, Looked).Select(_ => areas[random.Next(Areas)].Start)];
        return new OpenBenchmark(
        [
            new(Independent, n => Lookups(n, () => FindAll(tree, addresses))),
            new(Dependent, n => Lookups(n, () => FollowAll(tree, addresses))),
            new(Update, n => Updates(tree, shuffled, n)),
        ]);
    }

    private static Reading Lookups(int repetitions, Func<ulong> pass)
    {
        ulong sum = 0;
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++) sum += pass();
        var reading = Reading.Since(before, (long)repetitions * Looked);
        GC.KeepAlive(sum);
        return reading;
    }

    private static Reading Updates(AreaTree tree, VmArea[] areas, int repetitions)
    {
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++) RemoveAndInsert(tree, areas, i * UpdatesPerPass % (areas.Length - UpdatesPerPass));
        return Reading.Since(before, 2L * repetitions * UpdatesPerPass);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong FindAll(AreaTree tree, ulong[] addresses)
    {
        ulong sum = 0;
        foreach (ulong address in addresses) sum += tree.Find(address)!.End;
        return sum;
    }

    // Where to look next depends on what was found, as in a chain of faults, and on the turn: without that the chain would soon close to a circle of few areas.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong FollowAll(AreaTree tree, ulong[] addresses)
    {
        ulong found = 0;
        for (uint i = 0; i < addresses.Length; i++) found = tree.Find(addresses[(found + i) % (ulong)addresses.Length])!.PageOffset;
        return found;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RemoveAndInsert(AreaTree tree, VmArea[] areas, int first)
    {
        for (int i = first; i < first + UpdatesPerPass; i++)
        {
            tree.Remove(areas[i]);
            tree.Insert(areas[i]);
        }
    }
}
