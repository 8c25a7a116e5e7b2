using System.Diagnostics;
using Faultline.Cli.Bench.Host;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Blocks copied between host and guest memory, page by page on the guest's side.</summary>
internal sealed class CopyBenchmark : Benchmark
{
    private const int Length = 256 << 10;
    private const string In = "CopyFrom (into the guest)", Out = "CopyTo (out of the guest)";

    public override string Name => "access/copy";

    public override string Summary => "block copy of 256 KiB that stay in the second-level cache";

    public override string Unit => "ns/KiB";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.SpeedAtLeast(In, Names.Copy, 0.8), Limit.SpeedAtLeast(Out, Names.Copy, 0.8)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Length);
        var guest = new Guest(memory, FaultDesign.AreaSequence);
        var source = new HostRegion(Length);
        var destination = new HostRegion(Length);
        ulong start = guest.MapTouched(Length);
        return new OpenBenchmark(
            [
                new(Names.Copy, n => Repeat(() => source.Bytes.CopyTo(destination.Bytes), n)),
                new(In, n => Repeat(() => guest.Accessor.CopyFrom(source.Bytes, start), n)),
                new(Out, n => Repeat(() => guest.Accessor.CopyTo(start, destination.Bytes), n)),
            ],
            memory, guest, source, destination);
    }

    private static Reading Repeat(Action copy, int repetitions)
    {
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++) copy();
        return Reading.Since(before, (long)repetitions * (Length >> 10));
    }
}
