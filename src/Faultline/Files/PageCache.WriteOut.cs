using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Files;

/// <content>Writing pages back because they shall leave. By the reclaim thread.</content>
internal sealed partial class PageCache
{
    // How many more dirty pages are not even tried, since the file failed to write one. A hint, without order.
    private Word32 _skips;
    private const uint SkipsAfterFailure = 64;

    /// <summary>Writes a page back, and with it the dirty pages that follow it: one write instead of many. Under the page's lock; the others' are only tried.</summary>
    private bool TryWriteOut(ulong index, uint pfn)
    {
        uint skips = _skips.LoadRelaxed();
        if (skips != 0)
        {
            _skips.StoreRelaxed(skips - 1);
            return false;
        }

        Span<uint> frames = stackalloc uint[MaxReadAhead];
        frames[0] = pfn;
        int count = 1;
        while (count < frames.Length && TryLockDirtyNow(index + (uint)count, out frames[count])) count++;
        bool isWritten = TryWriteAndUnlock(index, frames[..count]);
        if (isWritten) _memory.Reclaimer.CountWritten(count);
        else _skips.StoreRelaxed(SkipsAfterFailure);
        return isWritten;
    }

    /// <summary>A file that throws what it should not must not end the reclaim thread, and with it the process. The pages are dirty then; the next <c>msync</c> says so.</summary>
    private bool TryWriteAndUnlock(ulong index, ReadOnlySpan<uint> frames)
    {
        try
        {
            return WriteLocked(index, frames) is null;
        }
        catch (Exception exception) when (exception is not AccessViolationException)
        {
            return false;
        }
        finally
        {
            foreach (uint follower in frames[1..]) Unlock(follower);
        }
    }

    private bool TryLockDirtyNow(ulong index, out uint pfn)
    {
        if (!TryReference(index, out pfn)) return false;
        ref FrameInfo frame = ref _memory.Info(pfn);
        if (frame.Is(FrameState.Dirty) && PageWaiters.TryEnter(ref frame))
        {
            if (Holds(index, pfn) && frame.Is(FrameState.Dirty)) return true;
            _locks.Exit(pfn, ref frame);
        }

        _memory.Release(pfn);
        return false;
    }
}
