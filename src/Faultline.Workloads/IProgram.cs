namespace Faultline.Workloads;

/// <summary>A process that a workload runs in: an address space of the engine, or the benchmarking process itself on the host kernel.</summary>
/// <typeparam name="TThread">Its threads. A structure, so that the loops are compiled for it and calls cost nothing.</typeparam>
public interface IProgram<TThread> : IDisposable
    where TThread : struct, IProgramThread
{
    /// <summary>One more thread. It may be used by one thread at a time.</summary>
    TThread CreateThread();

    /// <summary>Creates a file of whole pages that hold <see cref="FilePattern"/>, and returns its number. It goes with the program.</summary>
    int CreateFile(int pages);
}

/// <summary>What a thread of a program does with its memory: the calls that the workloads need, and accesses.</summary>
public interface IProgramThread : IDisposable
{
    /// <summary>Maps private anonymous memory, readable and writable (<c>mmap</c>).</summary>
    ulong Map(ulong length);

    /// <summary>Maps a file from its start, readable and writable, shared or private (<c>mmap</c>).</summary>
    ulong MapFile(int file, ulong length, bool shared);

    /// <summary>Removes mappings (<c>munmap</c>).</summary>
    void Unmap(ulong start, ulong length);

    /// <summary>Takes the right to write away (<c>mprotect</c>).</summary>
    void MakeReadOnly(ulong start, ulong length);

    /// <summary>Throws the contents of private anonymous memory away (<c>madvise(MADV_DONTNEED)</c>).</summary>
    void Discard(ulong start, ulong length);

    /// <summary>The end of the heap (<c>brk</c>).</summary>
    ulong Break { get; set; }

    /// <summary>Reads a value.</summary>
    T Read<T>(ulong address)
        where T : unmanaged;

    /// <summary>Writes a value.</summary>
    void Write<T>(ulong address, T value)
        where T : unmanaged;

    /// <summary>Copies memory that does not overlap (<c>memcpy</c>).</summary>
    void Copy(ulong source, ulong destination, int length);
}
