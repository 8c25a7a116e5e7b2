using Faultline.Locking;
using Faultline.Physical;

namespace Faultline.Files;

/// <content>Bringing changed pages to what lies behind the file.</content>
internal sealed partial class PageCache
{
    /// <summary>
    /// Writes the dirty pages of [<paramref name="first"/>, <paramref name="end"/>) back. Outside sections and spin locks; the caller holds the file.
    /// </summary>
    /// <returns>The last failure, whose pages are dirty again; null if all were written.</returns>
    /// <remarks>
    /// A page is marked dirty under the lock of the table in which it becomes writable, and cleaned in this order:
    /// <code>
    ///   write-back                             write fault
    ///   page lock
    ///   mark off (full fence)
    ///                                          table lock: mark on, entry writable, unlock     either: cleaned below, and what was written by then goes out;
    ///   table lock: entry read-only, unlock
    ///                                          table lock: mark on, entry writable, unlock     or: dirty again, for the next write-back
    ///   shoot down; write
    ///   page unlock
    /// </code>
    /// </remarks>
    public IOException? WriteBack(ulong first, ulong end)
    {
        IOException? error = null;
        Span<uint> frames = stackalloc uint[MaxReadAhead];
        List<(ulong Index, uint Frame)> pages = _pages.Collect(first, end);
        for (int i = 0; i < pages.Count;)
        {
            ulong start = pages[i].Index;
            int count = 0;

            // Ascending, as everybody who holds several page locks.
            while (count < frames.Length && i < pages.Count && pages[i].Index == start + (uint)count)
            {
                if (!TryLockDirty(pages[i++], out frames[count])) break;
                count++;
            }

            if (count == 0) continue;
            try
            {
                error = WriteLocked(start, frames[..count]) ?? error;
            }
            finally
            {
                foreach (uint pfn in frames[..count]) Unlock(pfn);
            }
        }

        return error;
    }

    /// <summary>Lets the file prepare for changes of a clean page, and marks the page dirty. May wait, as <see cref="GetOrRead"/>.</summary>
    /// <returns><see cref="FileResult.Ok"/> also if the page is not there: whoever asked finds out.</returns>
    public FileResult NotifyWrite(ulong index, FatalSignal? signal)
    {
        if (!TryLock(index, out uint pfn, signal)) return signal is { IsPending: true } ? FileResult.Killed : FileResult.Ok;
        try
        {
            ref FrameInfo frame = ref _memory.Info(pfn);
            if (frame.Is(FrameState.Dirty)) return FileResult.Ok;
            _file.OnPageWritable(index);
            frame.Set(FrameState.Dirty);
            return FileResult.Ok;
        }
        catch (IOException)
        {
            return FileResult.Refused;
        }
        finally
        {
            Unlock(pfn);
        }
    }

    private bool TryLockDirty((ulong Index, uint Frame) page, out uint pfn)
    {
        // A first look without a reference: most pages are clean, and a frame that serves somebody else by now is not ours to lock. What another thread is writing is
        // waited for: the caller wants it written, and it may be dirty again.
        pfn = page.Frame;
        if ((_memory.Info(pfn).State & (FrameState.Dirty | FrameState.Writing)) == 0 || !TryLock(page.Index, out pfn)) return false;
        if (_memory.Info(pfn).Is(FrameState.Dirty)) return true;
        Unlock(pfn);
        return false;
    }

    /// <summary>Writes neighbouring locked pages. What is not written is dirty again, also if the file throws what it should not.</summary>
    private IOException? WriteLocked(ulong first, ReadOnlySpan<uint> frames)
    {
#if FAULTLINE_EXPLORE
        if (Sync.Mutants.Active == Sync.Mutant.MarkCleanAfterEntries) _file.Mappings.Clean(first, first + (uint)frames.Length);
#endif
        foreach (uint pfn in frames)
        {
            // In this order: at no moment it is neither.
            _memory.Info(pfn).Set(FrameState.Writing);
            _memory.Info(pfn).Clear(FrameState.Dirty);
        }
#if FAULTLINE_EXPLORE
        if (Sync.Mutants.Active != Sync.Mutant.MarkCleanAfterEntries)
#endif
            _file.Mappings.Clean(first, first + (uint)frames.Length);
        bool isWritten = false;
        try
        {
            for (int i = 0; i < frames.Length;)
            {
                int run = RunOf(frames[i..]);
                Span<byte> contents = _memory.Contents(frames[i], run);
                ulong left = _file.BytesFrom(first + (uint)i);
                if (left != 0) _file.WritePages(first + (uint)i, contents[..(int)Math.Min(left, (ulong)contents.Length)]);
                i += run;
            }

            isWritten = true;
            return null;
        }
        catch (IOException exception)
        {
            return exception;
        }
        finally
        {
            foreach (uint pfn in frames)
            {
                if (!isWritten) _memory.Info(pfn).Set(FrameState.Dirty);
                _memory.Info(pfn).Clear(FrameState.Writing);
            }
        }
    }

    /// <summary>How many frames at the start are neighbours in memory: one piece.</summary>
    private static int RunOf(ReadOnlySpan<uint> frames)
    {
        int run = 1;
        while (run < frames.Length && frames[run] == frames[0] + (uint)run) run++;
        return run;
    }
}
