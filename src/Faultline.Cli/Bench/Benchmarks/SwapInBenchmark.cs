using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using Faultline.Physical;
using Faultline.Swap;
using K4os.Compression.LZ4;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Faults on pages that are on a swap device, beside what decompressing the same pages costs without any fault.</summary>
internal sealed class SwapInBenchmark : Benchmark
{
    private const int Count = 2048;
    private const int Length = Count * Page.Size;
    private const int PercentileOfTail = 99;
    private const string File = Names.Speculative + ", swap file";
    private const string Decoder = "LZ4 alone";
    private const string Platform = "zlib alone, the platform's";

    public override string Name => "swap/in";

    public override string Summary => "read fault on a page in compressed memory (LZ4, contents shrink to between a half and a third); median and p99 of single faults";

    public override string Unit => "ns/page, median";

    public override IReadOnlyList<Limit> Limits { get; } = [Limit.NanosecondsAtMost(Names.Speculative, 3000)];

    public override OpenBenchmark Open()
    {
        var compressed = new CompressedSwapDevice(2 * Count);
        var file = new FileSwapDevice(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), 2 * Count);
        var memory = Memory(compressed);
        var memoryOfFile = Memory(file);
        var classic = new Guest(memory, FaultDesign.Classic);
        var speculative = new Guest(memory, FaultDesign.AreaSequence);
        var swapsToFile = new Guest(memoryOfFile, FaultDesign.AreaSequence);
        byte[][] pages = CompressiblePages.Create(Count);
        byte[][] lz4 = [.. pages.Select(CompressiblePages.Encode)];
        CompressiblePages.AssertRealistic(lz4);
        byte[][] zlib = [.. pages.Select(Deflate)];
        byte[] buffer = new byte[Length];
        return new OpenBenchmark(
            [
                Faults(Names.Classic, memory, classic, pages),
                Faults(Names.Speculative, memory, speculative, pages),
                Faults(File, memoryOfFile, swapsToFile, pages),
                new(Decoder, n => Measure(n, page => LZ4Codec.Decode(lz4[page], buffer.AsSpan(page * Page.Size, Page.Size)))),
                new(Platform, n => Measure(n, page => Inflate(zlib[page], buffer.AsSpan(page * Page.Size, Page.Size)))),
            ],
            compressed, file, memory, memoryOfFile, classic, speculative, swapsToFile);
    }

    private static PhysicalMemory Memory(SwapDevice device) =>
        new(new PhysicalMemoryOptions { CapacityInFrames = 4 * Count, Prefault = true, SwapDevices = [device] });

    private static Variant Faults(string name, PhysicalMemory memory, Guest guest, byte[][] pages)
    {
        ulong start = guest.Map(Length);
        for (int page = 0; page < Count; page++) guest.Accessor.CopyFrom(pages[page], start + ((ulong)page * Page.Size));
        return new(name, repetitions => Measure(memory, guest, start, repetitions), guest.Space);
    }

    private static Reading Measure(PhysicalMemory memory, Guest guest, ulong start, int repetitions)
    {
        long[] ticks = new long[Count * repetitions];
        long before = memory.ReclaimStatistics.SwappedIn;
        for (int i = 0; i < repetitions; i++)
        {
            guest.Space.Advise(start, Length, Advice.PageOut);
            Touch(guest.Accessor, start, ticks.AsSpan(i * Count, Count));
        }

        long read = memory.ReclaimStatistics.SwappedIn - before;
        return read == ticks.Length ? Summarise(ticks) : throw new InvalidOperationException($"{read} pages came from the device, not {ticks.Length}.");
    }

    // One stamp per fault: the end of one is the start of the next.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long Touch(MemoryAccessor accessor, ulong address, Span<long> samples)
    {
        long sum = 0, before = Stopwatch.GetTimestamp();
        for (int i = 0; i < samples.Length; i++, address += Page.Size)
        {
            sum += accessor.Read<long>(address);
            long now = Stopwatch.GetTimestamp();
            samples[i] = now - before;
            before = now;
        }

        return sum;
    }

    private static Reading Measure(int repetitions, Action<int> decode)
    {
        long[] ticks = new long[Count * repetitions];
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < ticks.Length; i++)
        {
            decode(i % Count);
            long now = Stopwatch.GetTimestamp();
            ticks[i] = now - before;
            before = now;
        }

        return Summarise(ticks);
    }

    private static Reading Summarise(long[] ticks)
    {
        Array.Sort(ticks);
        return new(Reading.Nanoseconds(ticks[ticks.Length / 2]), Reading.Nanoseconds(ticks[(int)((long)ticks.Length * PercentileOfTail / 100)]));
    }

    private static byte[] Deflate(byte[] page)
    {
        using var stream = new MemoryStream();
        using (var zlib = new ZLibStream(stream, CompressionLevel.Fastest)) zlib.Write(page);
        return stream.ToArray();
    }

    private static void Inflate(byte[] data, Span<byte> page)
    {
        using var zlib = new ZLibStream(new MemoryStream(data), CompressionMode.Decompress);
        zlib.ReadExactly(page);
    }
}
