using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Cli.Bench.Host;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Writes that hit the software TLB, each announced by itself and many under one announcement.</summary>
internal sealed class WriteBenchmark : Benchmark
{
    private const string Write = "Write<long>", SessionWrite = "Session.TryWrite<long>";

    public override string Name => "access/write";

    public override string Summary => "8-byte writes that hit, random within 64 pages";

    public override string Unit => "ns/write";

    public override IReadOnlyList<Limit> Limits { get; } =
        [Limit.TimeAtMost(Write, Names.Pointer, 7), Limit.TimeAtMost(SessionWrite, Names.Pointer, 2.6)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Offsets.Range);
        var guest = new Guest(memory, FaultDesign.AreaSequence);
        var region = new HostRegion(Offsets.Range);
        ulong start = guest.MapTouched(Offsets.Range);
        uint[] offsets = Offsets.Random();
        return new OpenBenchmark(
            [
                new(Names.Pointer, n => RawLoops.Write(region, offsets, n)),
                new(Write, n => Repeat(static (g, s, o) => WriteAll(g, s, o), guest.Accessor, start, offsets, n)),
                new(SessionWrite, n => Repeat(static (g, s, o) => WriteAllInSession(g, s, o), guest.Accessor, start, offsets, n)),
            ],
            memory, guest, region);
    }

    private static Reading Repeat(Action<MemoryAccessor, ulong, uint[]> pass, MemoryAccessor accessor, ulong start, uint[] offsets, int repetitions)
    {
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++) pass(accessor, start, offsets);
        return Reading.Since(before, (long)repetitions * offsets.Length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteAll(MemoryAccessor accessor, ulong start, uint[] offsets)
    {
        foreach (uint offset in offsets) accessor.Write(start + offset, (long)offset);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteAllInSession(MemoryAccessor accessor, ulong start, uint[] offsets)
    {
        using var session = accessor.OpenSession();
        foreach (uint offset in offsets)
        {
            while (!session.TryWrite(start + offset, (long)offset)) session.Renew(start + offset, AccessKind.Write);
        }
    }
}
