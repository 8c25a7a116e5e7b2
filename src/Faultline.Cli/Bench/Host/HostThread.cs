using System.Runtime.CompilerServices;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Host;

/// <summary>A thread of a <see cref="HostProgram"/>: system calls, and accesses through pointers.</summary>
internal readonly unsafe struct HostThread(HostProgram program) : IProgramThread
{
    // What this thread has mapped, by start: there is no address space to throw away. Some ten nanoseconds beside calls of microseconds.
    private readonly Dictionary<ulong, ulong> _mapped = [];

    public ulong Map(ulong length) => Note(HostMemory.Map((nuint)length), length);

    public ulong MapFile(int file, ulong length, bool shared) => Note(HostMemory.MapFile(program.File(file), (nuint)length, shared), length);

    public void Unmap(ulong start, ulong length)
    {
        _mapped.Remove(start);
        HostMemory.Unmap((byte*)start, (nuint)length);
    }

    public void MakeReadOnly(ulong start, ulong length) => HostMemory.MakeReadOnly((byte*)start, (nuint)length);

    public void Discard(ulong start, ulong length) => HostMemory.Discard((byte*)start, (nuint)length);

    /// <summary>The C library's allocator moves it too: a workload that wants it does not run here (<see cref="Workload.NotOnHost"/>).</summary>
    public ulong Break
    {
        get => throw new NotSupportedException("The heap of this process belongs to its C library.");
        set => throw new NotSupportedException("The heap of this process belongs to its C library.");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<T>(ulong address)
        where T : unmanaged => Unsafe.ReadUnaligned<T>((byte*)address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<T>(ulong address, T value)
        where T : unmanaged => Unsafe.WriteUnaligned((byte*)address, value);

    public void Copy(ulong source, ulong destination, int length) => Unsafe.CopyBlockUnaligned((byte*)destination, (byte*)source, (uint)length);

    /// <summary>Unmaps what the workload kept to its end.</summary>
    public void Dispose()
    {
        foreach (var (start, length) in _mapped) HostMemory.Unmap((byte*)start, (nuint)length);
        _mapped.Clear();
    }

    private ulong Note(byte* start, ulong length)
    {
        _mapped[(ulong)start] = length;
        return (ulong)start;
    }
}
