using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Faultline.Cli.Bench.Host;

/// <summary>The loops of the access benchmarks over a raw pointer.</summary>
internal static unsafe class RawLoops
{
    public static Reading Read(HostRegion region, uint[] offsets, int repetitions)
    {
        long sum = 0;
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++) sum += ReadAll(region.Start, offsets);
        var reading = Reading.Since(before, (long)repetitions * offsets.Length);
        GC.KeepAlive(sum);
        return reading;
    }

    public static Reading Write(HostRegion region, uint[] offsets, int repetitions)
    {
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++) WriteAll(region.Start, offsets);
        return Reading.Since(before, (long)repetitions * offsets.Length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long ReadAll(byte* start, uint[] offsets)
    {
        long sum = 0;
        foreach (uint offset in offsets) sum += *(long*)(start + offset);
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteAll(byte* start, uint[] offsets)
    {
        foreach (uint offset in offsets) *(long*)(start + offset) = offset;
    }
}
