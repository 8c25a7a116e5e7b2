using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Faultline.Cli.Bench.Host;

/// <summary>The loops of the fault and call benchmarks, on real pages with real faults.</summary>
internal static unsafe class HostFaults
{
    // Touched per call of the inner loop: it reaches the last tier after few rounds, and the call costs nothing beside 256 faults.
    private const int BytesPerCall = 1 << 20;

    /// <summary>Write faults over a region that is mapped anew each time; only the faults are timed.</summary>
    public static Reading Stream(int length, int repetitions)
    {
        long ticks = 0;
        for (int i = 0; i < repetitions; i++)
        {
            byte* start = HostMemory.MapSmallPages((nuint)length);
            long before = Stopwatch.GetTimestamp();
            for (int done = 0; done < length; done += BytesPerCall) Touch(start + done, BytesPerCall);
            ticks += Stopwatch.GetTimestamp() - before;
            HostMemory.Unmap(start, (nuint)length);
        }

        return new(Reading.Nanoseconds(ticks) / ((double)repetitions * (length / PageSize)));
    }

    /// <summary>Reads a word of each page of a file that is mapped anew each time; only the accesses are timed.</summary>
    public static Reading ReadFile(SafeFileHandle file, int length, int repetitions)
    {
        long ticks = 0, sum = 0;
        for (int i = 0; i < repetitions; i++)
        {
            byte* start = HostMemory.MapFile(file, (nuint)length, shared: false);
            long before = Stopwatch.GetTimestamp();
            for (int done = 0; done < length; done += BytesPerCall) sum += Read(start + done, BytesPerCall);
            ticks += Stopwatch.GetTimestamp() - before;
            HostMemory.Unmap(start, (nuint)length);
        }

        GC.KeepAlive(sum);
        return new(Reading.Nanoseconds(ticks) / ((double)repetitions * (length / PageSize)));
    }

    /// <summary>Maps, touches and unmaps a window, all of it timed, per touched page.</summary>
    public static Reading Window(int length, int repetitions)
    {
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++)
        {
            byte* start = HostMemory.Map((nuint)length);
            Touch(start, length);
            HostMemory.Unmap(start, (nuint)length);
        }

        return Reading.Since(before, (long)repetitions * (length / PageSize));
    }

    /// <summary>Maps and unmaps one page, touched or not.</summary>
    public static Reading MapUnmap(bool touch, int repetitions)
    {
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++)
        {
            byte* start = HostMemory.Map(PageSize);
            if (touch) Touch(start, PageSize);
            HostMemory.Unmap(start, PageSize);
        }

        return Reading.Since(before, repetitions);
    }

    private const int PageSize = (int)Page.Size;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long Read(byte* start, int length)
    {
        long sum = 0;
        for (int i = 0; i < length; i += PageSize) sum += *(long*)(start + i);
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Touch(byte* start, int length)
    {
        for (int i = 0; i < length; i += PageSize) *(long*)(start + i) = i;
    }
}
