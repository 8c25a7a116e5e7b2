using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Faultline.Cli.Bench.Host;

/// <summary>The host kernel's own memory calls: the peer of <see cref="AddressSpace"/>.</summary>
internal static unsafe partial class HostMemory
{
    private const int ReadWrite = 1 | 2;
    private const int PrivateAnonymous = 0x02 | 0x20;
    private const int AdviseHugePage = 14, AdviseNoHugePage = 15;

    private static readonly void* s_failed = (void*)-1;

    /// <summary>Maps private anonymous memory, readable and writable.</summary>
    public static byte* Map(nuint length)
    {
        void* start = MapCall(null, length, ReadWrite, PrivateAnonymous, -1, 0);
        return start != s_failed ? (byte*)start : throw Failed("mmap");
    }

    /// <summary>As <see cref="Map"/>, in 4 KiB pages also where the host would take larger ones.</summary>
    public static byte* MapSmallPages(nuint length) => Advised(length, AdviseNoHugePage);

    /// <summary>As <see cref="Map"/>, in large pages if the host has some: as the engine's own arena.</summary>
    public static byte* MapLargePages(nuint length) => Advised(length, AdviseHugePage);

    public static void Unmap(byte* start, nuint length)
    {
        if (UnmapCall(start, length) != 0) throw Failed("munmap");
    }

    private static byte* Advised(nuint length, int advice)
    {
        byte* start = Map(length);

        // A kernel without large pages answers EINVAL, and then all its pages are small.
        _ = AdviseCall(start, length, advice);
        return start;
    }

    private static Win32Exception Failed(string call) => new(Marshal.GetLastPInvokeError(), call);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* MapCall(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int UnmapCall(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int AdviseCall(void* address, nuint length, int advice);
}
