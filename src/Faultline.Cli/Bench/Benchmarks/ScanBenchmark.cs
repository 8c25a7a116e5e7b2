using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Faultline.Cli.Bench.Host;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>A sequential sum over more memory than caches hold, by a session's page spans; what frames in ascending order are for.</summary>
internal sealed class ScanBenchmark : Benchmark
{
    private const int Length = 64 << 20;
    private const string Flat = "flat memory", Spans = "session spans";

    public override string Name => "access/scan";

    public override string Summary => "sequential scan of 64 MiB";

    public override string Unit => "ns/page";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.SpeedAtLeast(Spans, Flat, 0.6)];

    public override OpenBenchmark Open()
    {
        var memory = Guest.Memory(Length);
        var guest = new Guest(memory, FaultDesign.AreaSequence);
        var region = new HostRegion(Length);
        ulong start = guest.MapTouched(Length);
        return new OpenBenchmark(
            [
                new(Flat, n => Repeat(() => SumFlat(region), n)),
                new(Spans, n => Repeat(() => SumSpans(guest.Accessor, start), n)),
            ],
            memory, guest, region);
    }

    private static Reading Repeat(Func<ulong> scan, int repetitions)
    {
        ulong sum = 0;
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++) sum += scan();
        var reading = Reading.Since(before, (long)repetitions * (Length / Page.Size));
        GC.KeepAlive(sum);
        return reading;
    }

    // In pieces of a page too: the difference that is left is the translation and the order of the frames.
    private static ulong SumFlat(HostRegion region)
    {
        ulong sum = 0;
        for (int i = 0; i < Length; i += Page.Size) sum += Sum(region.Bytes.Slice(i, Page.Size));
        return sum;
    }

    private static ulong SumSpans(MemoryAccessor accessor, ulong start)
    {
        ulong sum = 0;
        using var session = accessor.OpenSession();
        for (int i = 0; i < Length; i += Page.Size)
        {
            ulong address = start + (ulong)i;
            GuestSpan span;
            while (!session.TryGetSpan(address, Page.Size, AccessKind.Read, out span)) session.Renew(address, AccessKind.Read);
            sum += Sum(span.Bytes);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        var vectors = MemoryMarshal.Cast<byte, Vector<ulong>>(bytes);
        Vector<ulong> even = default, odd = default;
        for (int i = 0; i + 1 < vectors.Length; i += 2)
        {
            even += vectors[i];
            odd += vectors[i + 1];
        }

        return Vector.Sum(even + odd);
    }
}
