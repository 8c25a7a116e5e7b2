using Faultline.Areas;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline;

/// <content>Reading and writing the memory of a space from outside (Linux <c>mm/process_vm_access.c</c>).</content>
public sealed partial class AddressSpace
{
    /// <summary>Pages whose frames are kept at a time while they are copied: 64 KiB, as Linux's arrays on the stack.</summary>
    private const int RemoteBatch = 16;

    /// <summary>
    /// Copies memory out of the space, as another process or a debugger would (<c>process_vm_readv</c>): without an accessor, and with the rights of the areas. Pages are faulted in; what a
    /// fork shares stays shared. Waits for other calls only in steps of 16 pages, and holds no lock while it copies: beside writes each byte is one that was there meanwhile.
    /// </summary>
    /// <param name="address">In bytes; need not be aligned.</param>
    /// <param name="destination">Where to; its length is what is copied.</param>
    /// <param name="done">Bytes that were copied, less than asked for where a page could not be read (Linux returns their number).</param>
    /// <returns>EFAULT: not even the first byte could be read: not mapped, not readable, no page of memory, beyond the end of its file, or lost; or no frame.</returns>
    public Errno TryReadMemory(ulong address, Span<byte> destination, out ulong done)
    {
        EnterCall();
        done = 0;
        Span<uint> frames = stackalloc uint[RemoteBatch];
        while ((ulong)destination.Length > done)
        {
            Span<byte> left = destination[(int)done..];
            int count = KeepFrames(address + done, left.Length, PinMode.Peek, frames);
            if (count == 0) break;
            int offset = (int)((address + done) & Page.OffsetMask);
            foreach (uint frame in frames[..count])
            {
                ReadOnlySpan<byte> page = Memory.Contents(frame)[offset..];
                page = page[..Math.Min(page.Length, left.Length)];
                page.CopyTo(left);
                left = left[page.Length..];
                done += (ulong)page.Length;
                offset = 0;
            }

            Unpin(frames[..count], PinMode.Peek);
        }

        return done != 0 || destination.IsEmpty ? Errno.None : Errno.EFAULT;
    }

    /// <summary>
    /// Copies into the memory of the space, as another process would (<c>process_vm_writev</c>): only where the areas allow writing, unlike a debugger's <c>POKEDATA</c>; private pages are
    /// the space's own before they are written. Steps and locks as <see cref="TryReadMemory"/>.
    /// </summary>
    /// <param name="address">In bytes; need not be aligned.</param>
    /// <param name="source">What to copy.</param>
    /// <param name="done">Bytes that were copied.</param>
    /// <returns>EFAULT: not even the first byte could be written.</returns>
    public Errno TryWriteMemory(ulong address, ReadOnlySpan<byte> source, out ulong done)
    {
        EnterCall();
        done = 0;
        Span<uint> frames = stackalloc uint[RemoteBatch];
        while ((ulong)source.Length > done)
        {
            ReadOnlySpan<byte> left = source[(int)done..];
            int count = KeepFrames(address + done, left.Length, PinMode.Write, frames);
            if (count == 0) break;
            int offset = (int)((address + done) & Page.OffsetMask);
            foreach (uint frame in frames[..count])
            {
                Span<byte> page = Memory.Contents(frame)[offset..];
                page = page[..Math.Min(page.Length, left.Length)];
                left[..page.Length].CopyTo(page);
                Memory.Info(frame).Set(FrameState.Dirty);
                left = left[page.Length..];
                done += (ulong)page.Length;
                offset = 0;
            }

            Unpin(frames[..count], PinMode.Write);
        }

        return done != 0 || source.IsEmpty ? Errno.None : Errno.EFAULT;
    }

    /// <summary>Keeps the frames of the first pages that [<paramref name="address"/>, + <paramref name="length"/>) touches; returns how many.</summary>
    private int KeepFrames(ulong address, int length, PinMode mode, Span<uint> frames)
    {
        if (!UserSpace.Contains(address, 1)) return 0;
        ulong start = Page.Floor(address), end = Math.Min(Page.Ceiling(address + (ulong)length), UserSpace.End);
        Span<uint> room = frames[..(int)Math.Min((ulong)frames.Length, Page.Count(end - start))];
        return PinSome(start, mode, FaultFlags, room, out int count) == Errno.None ? count : 0;
    }
}
