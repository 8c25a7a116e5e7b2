using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Cli.Bench.Host;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Reads that hit the software TLB.</summary>
internal sealed class ReadBenchmark : Benchmark
{
    private const string Read = "Read<long>", SessionRead = "Session.TryRead<long>";

    public override string Name => "access/read";

    public override string Summary => "8-byte reads that hit, random within 64 pages";

    public override string Unit => "ns/read";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.TimeAtMost(Read, Names.Pointer, 2.6)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Offsets.Range);
        var guest = new Guest(memory, FaultDesign.AreaSequence);
        var region = new HostRegion(Offsets.Range);
        ulong start = guest.MapTouched(Offsets.Range);
        uint[] offsets = Offsets.Random();
        return new OpenBenchmark(
            [
                new(Names.Pointer, n => RawLoops.Read(region, offsets, n)),
                new(Read, n => Repeat(static (g, s, o) => ReadAll(g, s, o), guest.Accessor, start, offsets, n)),
                new(SessionRead, n => Repeat(static (g, s, o) => ReadAllInSession(g, s, o), guest.Accessor, start, offsets, n)),
            ],
            memory, guest, region);
    }

    private static Reading Repeat(Func<MemoryAccessor, ulong, uint[], long> pass, MemoryAccessor accessor, ulong start, uint[] offsets, int repetitions)
    {
        long sum = 0;
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++) sum += pass(accessor, start, offsets);
        var reading = Reading.Since(before, (long)repetitions * offsets.Length);
        GC.KeepAlive(sum);
        return reading;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long ReadAll(MemoryAccessor accessor, ulong start, uint[] offsets)
    {
        long sum = 0;
        foreach (uint offset in offsets) sum += accessor.Read<long>(start + offset);
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long ReadAllInSession(MemoryAccessor accessor, ulong start, uint[] offsets)
    {
        long sum = 0;
        using var session = accessor.OpenSession();
        foreach (uint offset in offsets)
        {
            long value;
            while (!session.TryRead(start + offset, out value)) session.Renew(start + offset, AccessKind.Read);
            sum += value;
        }

        return sum;
    }
}
