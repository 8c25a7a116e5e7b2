using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Faultline.Cli.Bench.Host;

/// <summary>The host kernel's own memory calls: the peer of <see cref="AddressSpace"/>.</summary>
internal static unsafe partial class HostMemory
{
    private const int Read = 1, ReadWrite = 1 | 2;
    private const int Shared = 0x01, Private = 0x02;
    private const int PrivateAnonymous = Private | 0x20;
    private const int AdviseDontNeed = 4, AdviseHugePage = 14, AdviseNoHugePage = 15;

    // O_RDONLY | O_DIRECT | O_CLOEXEC, of x86-64.
    private const int ReadOnlyDirect = 0x4000 | 0x80000;
    private const int SetLargePagesDisabled = 41;

    private const int OutOfMemory = 12;

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

    /// <summary>Maps a file from its start, readable and writable.</summary>
    public static byte* MapFile(SafeFileHandle file, nuint length, bool shared)
    {
        void* start = MapCall(null, length, ReadWrite, shared ? Shared : Private, (int)file.DangerousGetHandle(), 0);
        return start != s_failed ? (byte*)start : throw Failed("mmap");
    }

    /// <summary>A file that exists in memory only, on the host's tmpfs.</summary>
    public static SafeFileHandle CreateMemoryFile(string name)
    {
        int file = CreateMemoryFileCall(name, 0);
        return file >= 0 ? new SafeFileHandle(file, ownsHandle: true) : throw Failed("memfd_create");
    }

    /// <summary>Opens a file for reading past the host's cache; where its file system cannot, as any other file.</summary>
    public static SafeFileHandle OpenDirect(string path)
    {
        int file = OpenCall(path, ReadOnlyDirect);
        return file >= 0 ? new SafeFileHandle(file, ownsHandle: true) : File.OpenHandle(path);
    }

    public static void MakeReadOnly(byte* start, nuint length)
    {
        if (ProtectCall(start, length, Read) != 0) throw Failed("mprotect");
    }

    /// <summary>Throws the contents of private anonymous memory away.</summary>
    public static void Discard(byte* start, nuint length)
    {
        if (AdviseCall(start, length, AdviseDontNeed) != 0) throw Failed("madvise");
    }

    /// <summary>Whether new memory of this process may get pages larger than 4 KiB. What has them keeps them.</summary>
    public static void AllowLargePages(bool allowed)
    {
        // A kernel without large pages answers EINVAL, and then all its pages are small.
        _ = ProcessCall(SetLargePagesDisabled, allowed ? 0 : 1, 0, 0, 0);
    }

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

    private static Exception Failed(string call) => Marshal.GetLastPInvokeError() is var error && error == OutOfMemory
        ? new InsufficientMemoryException($"the host has no memory for {call}")
        : new Win32Exception(error, call);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* MapCall(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int UnmapCall(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int ProtectCall(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateMemoryFileCall(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int ProcessCall(int option, nint argument2, nint argument3, nint argument4, nint argument5);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int AdviseCall(void* address, nuint length, int advice);
}
