using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline;

/// <summary>
/// Pages of an <see cref="AddressSpace"/> whose frames stay where they are, with their contents, until this is disposed of: also if the memory is unmapped, or the space goes.
/// Made by <see cref="AddressSpace.TryPinPages"/>.
/// </summary>
/// <remarks>
/// No lock is held meanwhile. While the pages stay mapped, what is written through the pin is seen in the memory and the reverse; two that write one word at a time order their writes
/// themselves. Any thread; but the disposal is not beside another call.
/// </remarks>
public sealed class PinnedPages : IDisposable
{
    private readonly PhysicalMemory _memory;
    private readonly uint[] _frames;

    // 1 once disposed of. Set by exchange; read without order: nobody calls while it is disposed of.
    private Word32 _disposed;

    internal PinnedPages(PhysicalMemory memory, ulong address, uint[] frames, PinFlags flags)
    {
        _memory = memory;
        _frames = frames;
        Address = address;
        Flags = flags;
    }

    /// <summary>Where the first page is mapped, or was when it was pinned: in bytes, a multiple of 4096.</summary>
    public ulong Address { get; }

    /// <summary>Pages that are pinned: fewer than asked for where one could not be.</summary>
    public int PageCount => _frames.Length;

    /// <summary>Bytes that are pinned.</summary>
    public ulong Length => (ulong)_frames.Length << Page.Shift;

    /// <summary>How they were pinned.</summary>
    public PinFlags Flags { get; }

    /// <summary>Copies from the pages.</summary>
    /// <param name="address">In bytes, as when the pages were pinned; need not be aligned.</param>
    /// <param name="destination">Where to; its length is what is copied.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not all of it is pinned.</exception>
    public void Read(ulong address, Span<byte> destination)
    {
        for (ulong offset = OffsetOf(address, destination.Length); !destination.IsEmpty;)
        {
            ReadOnlySpan<byte> part = Part(offset, destination.Length);
            part.CopyTo(destination);
            destination = destination[part.Length..];
            offset += (ulong)part.Length;
        }
    }

    /// <summary>Copies into the pages.</summary>
    /// <param name="source">What to copy.</param>
    /// <param name="address">In bytes, as when the pages were pinned; need not be aligned.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not all of it is pinned.</exception>
    /// <exception cref="InvalidOperationException">The pages are not pinned for writing.</exception>
    public void Write(ReadOnlySpan<byte> source, ulong address)
    {
        ThrowIfReadOnly();
        for (ulong offset = OffsetOf(address, source.Length); !source.IsEmpty;)
        {
            Span<byte> part = Part(offset, source.Length);
            source[..part.Length].CopyTo(part);
            source = source[part.Length..];
            offset += (ulong)part.Length;
        }
    }

    /// <summary>The contents of a page. Not to be used after the disposal: the frame is then somebody else's.</summary>
    /// <param name="index">From 0 to <see cref="PageCount"/> − 1.</param>
    public ReadOnlySpan<byte> GetPage(int index) => Contents(index);

    /// <summary>As <see cref="GetPage"/>, for writing.</summary>
    /// <param name="index">From 0 to <see cref="PageCount"/> − 1.</param>
    /// <exception cref="InvalidOperationException">The pages are not pinned for writing.</exception>
    public Span<byte> GetWritablePage(int index)
    {
        ThrowIfReadOnly();
        return Contents(index);
    }

    /// <summary>Gives the pages up; frames that nobody else holds are free again. Idempotent.</summary>
    public void Dispose()
    {
        if (_disposed.Exchange(1) != 0) return;
        foreach (uint frame in _frames)
        {
            // What came after the last write-back must come to the file too; what came after a MADV_FREE is not to be dropped.
            if ((Flags & PinFlags.Write) != 0) _memory.Info(frame).Set(FrameState.Dirty);
            PageOperations.Unpin(_memory, frame, (PinMode)(Flags & ~PinFlags.NoWait));
        }
    }

    private ulong OffsetOf(ulong address, int length)
    {
        ObjectDisposedException.ThrowIf(_disposed.LoadRelaxed() != 0, this);
        if (address < Address || address - Address > Length || Length - (address - Address) < (ulong)length)
            throw new ArgumentOutOfRangeException(nameof(address), $"[0x{address:x}, 0x{address + (ulong)length:x}) is not in the pinned [0x{Address:x}, 0x{Address + Length:x}).");
        return address - Address;
    }

    private Span<byte> Part(ulong offset, int length)
    {
        Span<byte> rest = Contents((int)Page.Count(offset))[(int)(offset & Page.OffsetMask)..];
        return rest[..Math.Min(rest.Length, length)];
    }

    private Span<byte> Contents(int index)
    {
        ObjectDisposedException.ThrowIf(_disposed.LoadRelaxed() != 0, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_frames.Length, nameof(index));
        return _memory.Contents(_frames[index]);
    }

    private void ThrowIfReadOnly()
    {
        if ((Flags & PinFlags.Write) == 0) throw new InvalidOperationException("The pages are pinned for reading only.");
    }
}
