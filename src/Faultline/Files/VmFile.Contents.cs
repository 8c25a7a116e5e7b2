using Faultline.Locking;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Files;

/// <content>Reading and changing the file by calls. All go through the cache, so that mappings see what they do.</content>
public abstract partial class VmFile
{
    // A file offset is a signed 64-bit number, in whole pages.
    private const ulong MaxLength = long.MaxValue & ~Page.OffsetMask;

    // Serialises changes of the length and writes (Linux i_rwsem).
    private readonly SleepLock _sizeLock = new(LockRank.FileSize);

    /// <summary>Copies contents out (<c>pread</c>).</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="destination">Where to.</param>
    /// <returns>Bytes copied: fewer than asked for at the file's end.</returns>
    /// <exception cref="IOException">The contents cannot be read.</exception>
    /// <exception cref="InsufficientMemoryException">No frame is left for a page.</exception>
    public int Read(ulong offset, Span<byte> destination)
    {
        BeginCall(FileAccess.Read);
        int done = 0;
        while (done < destination.Length)
        {
            ulong position = offset + (ulong)done;
            ulong left = BytesFrom(Page.Count(position));
            ulong within = position & Page.OffsetMask;
            if (left <= within) break;
            int length = (int)Math.Min(Math.Min((ulong)(destination.Length - done), Page.Size - within), left - within);
            if (CanPunchHoles && Cache.IsAbsent(Page.Count(position)))
            {
                // A hole: nothing is allocated for who only reads (mm/shmem.c:shmem_file_read_iter()).
                destination.Slice(done, length).Clear();
            }
            else
            {
                if (!TryHoldPage(Page.Count(position), out uint pfn)) break;
                Memory.Contents(pfn).Slice((int)within, length).CopyTo(destination[done..]);
                MarkUsed(pfn, FrameState.Touched);
                Memory.Release(pfn);
            }

            done += length;
        }

        return done;
    }

    /// <summary>Copies contents in, making the file longer if need be (<c>pwrite</c>). They reach what lies behind the file at its next write-back.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="source">What to write.</param>
    /// <exception cref="IOException">A page that is changed in part cannot be read, or the file cannot become longer.</exception>
    /// <exception cref="InsufficientMemoryException">No frame is left for a page; the pages before it were written.</exception>
    public void Write(ulong offset, ReadOnlySpan<byte> source)
    {
        BeginCall(FileAccess.Write);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, MaxLength - (ulong)source.Length);
        if (source.IsEmpty) return;
        _sizeLock.Enter();
        try
        {
            ulong end = offset + (ulong)source.Length;
            if (_length.LoadRelaxed() < end) SetLengthLocked(end);
            while (!source.IsEmpty)
            {
                ulong within = offset & Page.OffsetMask;
                int length = (int)Math.Min((ulong)source.Length, Page.Size - within);
                WriteInPage(Page.Count(offset), (int)within, source[..length]);
                offset += (ulong)length;
                source = source[length..];
            }
        }
        finally
        {
            _sizeLock.Exit();
        }
    }

    /// <summary>
    /// Makes the file shorter or longer (<c>ftruncate</c>). Pages beyond a new end are unmapped everywhere, private copies of them too: access to them is SIGBUS from
    /// here on. The rest of the page that holds the end is zero.
    /// </summary>
    /// <exception cref="IOException">
    /// The length cannot be changed; a cut may have taken the pages by then. Or the page that holds the old or the new end is on a swap device and cannot be read; then nothing has been changed.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">No frame is left for that page. Nothing has been changed.</exception>
    /// <exception cref="NotSupportedException">The file's length is fixed.</exception>
    public void SetLength(ulong length)
    {
        BeginCall(FileAccess.Write);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLength);
        _sizeLock.Enter();
        try
        {
            SetLengthLocked(length);
        }
        finally
        {
            _sizeLock.Exit();
        }
    }

    /// <summary>
    /// Makes a range zero and gives its pages back (<c>fallocate</c> with <c>FALLOC_FL_PUNCH_HOLE</c>). Private copies of the pages stay.
    /// </summary>
    /// <exception cref="NotSupportedException">The file cannot have holes.</exception>
    /// <exception cref="IOException">A page that is changed in part is on a swap device and cannot be read. Nothing has been changed.</exception>
    /// <exception cref="InsufficientMemoryException">No frame is left for such a page. Nothing has been changed.</exception>
    public void PunchHole(ulong offset, ulong length)
    {
        BeginCall(FileAccess.Write);
        if (!CanPunchHoles) throw new NotSupportedException($"{Name} cannot have holes.");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ulong.MaxValue - offset);
        PunchHoleCore(offset, length);
    }

    /// <summary>Writes all changed pages back (<c>fsync</c>), those included that mappings are changing now. Does nothing for files that live in memory.</summary>
    /// <exception cref="IOException">Not all could be written; what was not is tried again by the next call.</exception>
    public void Flush()
    {
        BeginCall();
        if (WritesBack && Cache.WriteBack(0, ulong.MaxValue) is { } error) throw new IOException($"{Name} was not written back: {error.Message}", error);
    }

    /// <summary>True if a page that is taken out of the cache is zero when it is read again: the file is nothing but its cache.</summary>
    protected internal virtual bool CanPunchHoles => false;

    /// <summary><see cref="PunchHole"/> for <c>MADV_REMOVE</c>, whose mapping proves the right to write.</summary>
    internal void PunchHoleCore(ulong offset, ulong length)
    {
        ulong end = offset + length, first = Page.Count(Page.Ceiling(offset)), last = Page.Count(end);
        _sizeLock.Enter();
        uint head = PhysicalMemory.NoFrame, tail = PhysicalMemory.NoFrame;
        try
        {
            head = HoldForClearing(offset);
            tail = HoldForClearing(end);
            if (first > last)
            {
                Cache.Clear(last, (int)(offset & Page.OffsetMask), (int)(end & Page.OffsetMask));
            }
            else
            {
                if (!Page.IsAligned(offset)) Cache.Clear(first - 1, (int)(offset & Page.OffsetMask), Page.Size);
                if (!Page.IsAligned(end)) Cache.Clear(last, 0, (int)(end & Page.OffsetMask));
                Cache.Cut(first, last, keepCopies: true);
            }
        }
        finally
        {
            LetGo(head);
            LetGo(tail);
            _sizeLock.Exit();
        }
    }

    private void SetLengthLocked(ulong length)
    {
        ulong old = _length.LoadRelaxed();
        if (!CanResize) throw new NotSupportedException($"The length of {Name} is fixed.");
        uint held = HoldForClearing(Math.Min(length, old));
        try
        {
            if (length < old) Shorten(length);
            else if (length > old) Lengthen(old, length);
            else ClearBehind(length);
        }
        finally
        {
            LetGo(held);
        }
    }

    private void Shorten(ulong length)
    {
        Cache.SetLength(ref _length, length);
        ClearBehind(length);
        Cache.Cut(Page.Count(Page.Ceiling(length)), ulong.MaxValue, keepCopies: false);
        Resize(length);
    }

    private void Lengthen(ulong old, ulong length)
    {
        ClearBehind(old);
        Resize(length);
        Cache.SetLength(ref _length, length);
    }

    /// <summary>Mappings may have written behind the end, within its page. Cleared also where the length stays as it is (<c>mm/shmem.c:shmem_setattr()</c>).</summary>
    private void ClearBehind(ulong end)
    {
        if (!Page.IsAligned(end)) Cache.Clear(Page.Count(end), (int)(end & Page.OffsetMask), Page.Size);
    }

    /// <summary>
    /// Keeps the page in memory in which a part that is to be cleared begins or ends, if the file is nothing but its cache: while it is on a swap device it cannot be cleared. Before anything
    /// is changed; 0 if there is no such page.
    /// </summary>
    private uint HoldForClearing(ulong offset)
    {
        ulong index = Page.Count(offset);
        return !WritesBack && !Page.IsAligned(offset) && !Cache.IsAbsent(index) && TryHoldPage(index, out uint pfn) ? pfn : PhysicalMemory.NoFrame;
    }

    private void LetGo(uint held)
    {
        if (held != PhysicalMemory.NoFrame) Memory.Release(held);
    }

    private void WriteInPage(ulong index, int offset, ReadOnlySpan<byte> source)
    {
        while (TryHoldPage(index, out uint pfn))
        {
            bool locked = Cache.TryLock(index, out uint found);
            if (locked)
            {
                source.CopyTo(Memory.Contents(found)[offset..]);
                MarkUsed(found, FrameState.Touched | FrameState.Dirty);
                Cache.Unlock(found);
            }

            Memory.Release(pfn);
            if (locked) return;
        }
    }

    /// <summary>A page that is used again and again is not marked again and again. By a holder of the frame, to mark it dirty under the page's lock.</summary>
    private void MarkUsed(uint pfn, FrameState how)
    {
        ref FrameInfo frame = ref Memory.Info(pfn);
        if (!frame.Is(how)) frame.Set(how);
    }

    /// <summary>False if the file ends before the page.</summary>
    private bool TryHoldPage(ulong index, out uint pfn) => Cache.GetOrRead(index, out pfn) switch
    {
        FileResult.Ok => true,
        FileResult.BeyondEnd => false,
        FileResult.OutOfMemory => throw new InsufficientMemoryException($"No frame is left for a page of {Name}."),
        _ => throw new IOException($"Page {index} of {Name} cannot be read."),
    };

    private void BeginCall(FileAccess needed = 0)
    {
        ObjectDisposedException.ThrowIf(IsReleased, this);
        if ((Access & needed) != needed) throw new NotSupportedException($"{Name} is not open for this.");
        if (Threads.OpenSessions != 0)
            throw new InvalidOperationException("This thread has an accessor session open; a call that unmaps pages would wait for it for ever.");
    }
}
