using Faultline.Cli.Bench.Host;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>A small window mapped, touched and unmapped again and again: frames stay in cache, and the path itself shows.</summary>
internal sealed class WindowFaultBenchmark : Benchmark
{
    // Too small for large pages on any host, so no advice is needed in the loop.
    private const int Length = 256 << 10;

    public override string Name => "fault/window";

    public override string Summary => "a 256 KiB window mapped, touched and unmapped, one thread";

    public override string Unit => "ns/page";

    public override IReadOnlyList<Limit> Limits { get; } =
    [
        Limit.TimeAtMost(Names.Speculative, Names.Host, 0.10),
        Limit.TimeAtMost(Names.Speculative, Names.Classic, 1.00),
        Limit.TimeAtMost(Names.Classic, Names.Host, 0.12),
    ];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Length);
        var classic = new Guest(memory, FaultDesign.Classic);
        var speculative = new Guest(memory, FaultDesign.AreaSequence);
        return new OpenBenchmark(
            [
                new(Names.Host, static n => HostFaults.Window(Length, n)),
                new(Names.Classic, n => GuestFaults.Window(classic, Length, n)),
                new(Names.Speculative, n => GuestFaults.Window(speculative, Length, n)),
            ],
            memory, classic, speculative);
    }
}
