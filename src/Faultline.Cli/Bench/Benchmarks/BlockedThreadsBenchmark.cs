namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>One thread faults and the others of its space block: the review's worry about a short-cut that looks at the number of threads alone.</summary>
internal sealed class BlockedThreadsBenchmark(int threads) : Benchmark
{
    private const int Length = 16 << 20;

    public override string Name => $"fault/blocked-{threads - 1}";

    public override string Summary => $"anonymous write fault over {Length >> 20} MiB in one thread, while {threads - 1} others of its space block";

    public override string Unit => "ns/fault";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.TimeAtMost(Names.Speculative, Names.Classic, 1.00)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Length);
        var classic = new Guest(memory, FaultDesign.Classic);
        var speculative = new Guest(memory, FaultDesign.AreaSequence);
        var shortCut = new Guest(memory, FaultDesign.AreaSequence, shortCut: true);
        return new OpenBenchmark(
            [
                new(Names.Classic, n => GuestFaults.Stream(classic, Length, n)),
                new(Names.Speculative, n => GuestFaults.Stream(speculative, Length, n)),
                new(Names.ShortCut, n => GuestFaults.Stream(shortCut, Length, n)),
            ],
            [
                memory, classic, speculative, shortCut,
                .. new[] { classic, speculative, shortCut }.Select(guest => new BlockedThreads(guest.Space, threads - 1)),
            ]);
    }
}
