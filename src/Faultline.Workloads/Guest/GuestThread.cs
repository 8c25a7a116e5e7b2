using System.Buffers;
using System.Runtime.CompilerServices;

namespace Faultline.Workloads;

/// <summary>A thread of a <see cref="GuestProgram"/>: calls of its address space, and accesses through an accessor of its own.</summary>
public readonly struct GuestThread : IProgramThread
{
    private const int LargestCopy = 64 << 10;

    private readonly GuestProgram _program;
    private readonly MemoryAccessor _accessor;

    internal GuestThread(GuestProgram program)
    {
        _program = program;
        _accessor = program.Space.CreateAccessor();
    }

    /// <inheritdoc/>
    public ulong Map(ulong length) => _program.Space.Map(0, length, Protection.ReadWrite, MapFlags.Private);

    /// <inheritdoc/>
    public ulong MapFile(int file, ulong length, bool shared) =>
        _program.Space.Map(0, length, Protection.ReadWrite, shared ? MapFlags.Shared : MapFlags.Private, _program.File(file), 0);

    /// <inheritdoc/>
    public void Unmap(ulong start, ulong length) => _program.Space.Unmap(start, length);

    /// <inheritdoc/>
    public void MakeReadOnly(ulong start, ulong length) => _program.Space.Protect(start, length, Protection.Read);

    /// <inheritdoc/>
    public void Discard(ulong start, ulong length) => _program.Space.Advise(start, length, Advice.DontNeed);

    /// <inheritdoc/>
    public ulong Break
    {
        get => _program.Space.Break;
        set => _program.Space.Brk(value);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<T>(ulong address)
        where T : unmanaged => _accessor.Read<T>(address);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<T>(ulong address, T value)
        where T : unmanaged => _accessor.Write(address, value);

    /// <inheritdoc/>
    public void Copy(ulong source, ulong destination, int length)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(length, LargestCopy));
        for (int done = 0; done < length;)
        {
            var piece = buffer.AsSpan(0, Math.Min(length - done, LargestCopy));
            _accessor.CopyTo(source + (ulong)done, piece);
            _accessor.CopyFrom(piece, destination + (ulong)done);
            done += piece.Length;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <inheritdoc/>
    public void Dispose() => _accessor.Dispose();
}
