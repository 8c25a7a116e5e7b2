using Faultline.Cli.Bench.Host;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>The shortest life of an area: one page mapped and unmapped.</summary>
internal sealed class MapUnmapBenchmark(bool touch) : Benchmark
{
    private const double UntouchedBound = 0.15, TouchedBound = 0.12;

    public override string Name => touch ? "call/map-touch-unmap" : "call/map-unmap";

    public override string Summary => touch ? "one page mapped, written and unmapped" : "one page mapped and unmapped, never touched";

    public override string Unit => "ns/pair";

    public override IReadOnlyList<Limit> Limits { get; } =
        [Limit.TimeAtMost(Names.Speculative, Names.Host, touch ? TouchedBound : UntouchedBound)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Page.Size);
        var classic = new Guest(memory, FaultDesign.Classic);
        var speculative = new Guest(memory, FaultDesign.AreaSequence);
        return new OpenBenchmark(
            [
                new(Names.Host, n => HostFaults.MapUnmap(touch, n)),
                new(Names.Classic, n => GuestFaults.MapUnmap(classic, touch, n)),
                new(Names.Speculative, n => GuestFaults.MapUnmap(speculative, touch, n)),
            ],
            memory, classic, speculative);
    }
}
