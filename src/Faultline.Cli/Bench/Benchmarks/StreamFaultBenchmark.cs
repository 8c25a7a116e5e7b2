using Faultline.Cli.Bench.Host;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>First writes to fresh memory, more than any cache holds: bound by zeroing.</summary>
internal sealed class StreamFaultBenchmark : Benchmark
{
    private const int Length = 128 << 20;

    public override string Name => "fault/stream";

    public override string Summary => "anonymous write fault, streaming over 128 MiB, one thread";

    public override string Unit => "ns/fault";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.TimeAtMost(Names.Speculative, Names.Host, 0.30)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Length);
        var classic = new Guest(memory, FaultDesign.Classic);
        var speculative = new Guest(memory, FaultDesign.AreaSequence);
        return new OpenBenchmark(
            [
                new(Names.Host, static n => HostFaults.Stream(Length, n)),
                new(Names.Classic, n => GuestFaults.Stream(classic, Length, n)),
                new(Names.Speculative, n => GuestFaults.Stream(speculative, Length, n)),
            ],
            memory, classic, speculative);
    }
}
