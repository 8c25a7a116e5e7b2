using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Files;

namespace Faultline.Cli.Bench;

/// <summary>The loops of the fault and call benchmarks on the engine; the twins of <see cref="Host.HostFaults"/>.</summary>
internal static class GuestFaults
{
    private const int PageSize = Page.Size;

    // As on the host's side.
    private const int BytesPerCall = 1 << 20;

    /// <summary>Write faults over a region that is mapped anew each time; only the faults are timed.</summary>
    public static Reading Stream(Guest guest, int length, int repetitions)
    {
        long ticks = 0;
        for (int i = 0; i < repetitions; i++)
        {
            ulong start = guest.Map(length);
            long before = Stopwatch.GetTimestamp();
            for (int done = 0; done < length; done += BytesPerCall) Touch(guest.Accessor, start + (ulong)done, BytesPerCall);
            ticks += Stopwatch.GetTimestamp() - before;
            guest.Unmap(start, length);
        }

        return new(Reading.Nanoseconds(ticks) / ((double)repetitions * (length / PageSize)));
    }

    /// <summary>Reads a word of each page of a file that is mapped anew each time; only the accesses are timed.</summary>
    public static Reading ReadFile(Guest guest, VmFile file, int length, int repetitions)
    {
        long ticks = 0, sum = 0;
        for (int i = 0; i < repetitions; i++)
        {
            ulong start = guest.Space.Map(0, (ulong)length, Protection.Read, MapFlags.Private, file, 0);
            long before = Stopwatch.GetTimestamp();
            for (int done = 0; done < length; done += BytesPerCall) sum += Read(guest.Accessor, start + (ulong)done, BytesPerCall);
            ticks += Stopwatch.GetTimestamp() - before;
            guest.Unmap(start, length);
        }

        GC.KeepAlive(sum);
        return new(Reading.Nanoseconds(ticks) / ((double)repetitions * (length / PageSize)));
    }

    /// <summary>Maps, touches and unmaps a window, all of it timed, per touched page.</summary>
    public static Reading Window(Guest guest, int length, int repetitions)
    {
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++)
        {
            ulong start = guest.Map(length);
            Touch(guest.Accessor, start, length);
            guest.Unmap(start, length);
        }

        return Reading.Since(before, (long)repetitions * (length / PageSize));
    }

    /// <summary>Maps and unmaps one page, touched or not.</summary>
    public static Reading MapUnmap(Guest guest, bool touch, int repetitions)
    {
        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++)
        {
            ulong start = guest.Map(PageSize);
            if (touch) Touch(guest.Accessor, start, PageSize);
            guest.Unmap(start, PageSize);
        }

        return Reading.Since(before, repetitions);
    }

    /// <summary>Reads one word of each page.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static long Read(MemoryAccessor accessor, ulong start, int length)
    {
        long sum = 0;
        for (int i = 0; i < length; i += PageSize) sum += accessor.Read<long>(start + (ulong)i);
        return sum;
    }

    /// <summary>Writes one word to each page.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Touch(MemoryAccessor accessor, ulong start, int length)
    {
        for (int i = 0; i < length; i += PageSize) accessor.Write(start + (ulong)i, (long)i);
    }
}
