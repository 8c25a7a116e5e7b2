using Faultline.Locking;
using Faultline.Physical;
using Faultline.Swap;
using Faultline.Sync;

namespace Faultline.Files;

/// <content>Bringing pages into memory.</content>
internal sealed partial class PageCache
{
    /// <summary>Pages of one read at most: 256 KiB, and what fits on the stack.</summary>
    public const int MaxReadAhead = 64;

    /// <summary>
    /// Reads a page that was absent, and up to <paramref name="window"/> - 1 absent neighbours with it; null if another thread inserted it first.
    /// </summary>
    private FileResult? TryRead(ulong index, int window, FatalSignal? signal, out uint pfn)
    {
        pfn = PhysicalMemory.NoFrame;
        Span<uint> buffer = stackalloc uint[MaxReadAhead];
        Span<uint> frames = buffer[..Math.Clamp(window, 1, MaxReadAhead)];

        // Asked before pages are locked, which a file that throws would leave locked.
        bool isBeside = signal is not null && _file.MayHang;
        int taken = _memory.Frames.TryAllocate(frames, _file.Payer);
        if (taken == 0) return FileResult.OutOfMemory;

        FileResult? result = TryInsert(index, frames[..taken], out ulong first, out int count);
        _memory.Frames.Free(frames[count..taken]);
        if (count == 0) return result;
        result = isBeside ? ReadBeside(first, frames[..count], index, signal!) : ReadInserted(first, frames[..count], index);
        if (result == FileResult.Ok) pfn = frames[(int)(index - first)];
        return result;
    }

    /// <summary>Reads pages that were inserted, and unlocks them, or takes them out again; null if the page that was asked for is to be tried alone.</summary>
    private FileResult? ReadInserted(ulong first, ReadOnlySpan<uint> frames, ulong asked)
    {
        bool complete = false;
        try
        {
            Fill(first, frames);
            complete = true;
            return FileResult.Ok;
        }
        catch (IOException)
        {
            // Perhaps only a neighbour cannot be read.
            return frames.Length > 1 ? null : FileResult.ReadFailed;
        }
        finally
        {
            Finish(first, frames, complete, asked);
        }
    }

    /// <summary>As <see cref="ReadInserted"/>, by another thread: the pages stay locked until it is done, whoever waits for them.</summary>
    private FileResult? ReadBeside(ulong first, ReadOnlySpan<uint> frames, ulong asked, FatalSignal signal)
    {
        var read = new ReadErrand(this, first, frames.ToArray(), asked);
        return read.TryRun(_file.Name, signal) ? read.Result : FileResult.Killed;
    }

    /// <summary>A read that may outlive the fault that wants it. It holds the file, and the page locks pass to its thread.</summary>
    private sealed class ReadErrand : Errand
    {
        private readonly PageCache _cache;
        private readonly ulong _first, _asked;
        private readonly uint[] _frames;

        public ReadErrand(PageCache cache, ulong first, uint[] frames, ulong asked)
        {
            (_cache, _first, _frames, _asked) = (cache, first, frames, asked);
            cache._file.AddReference();
            for (int i = 0; i < frames.Length; i++) LockOrder.Exited(LockRank.Page, first + (uint)i);
        }

        public FileResult? Result { get; private set; }

        protected override void Work()
        {
            for (int i = 0; i < _frames.Length; i++) LockOrder.Tried(LockRank.Page, _first + (uint)i);
            try
            {
                Result = _cache.ReadInserted(_first, _frames, _asked);
            }
            finally
            {
                _cache._file.Release();
            }
        }

        protected override void GiveBack()
        {
            if (Result == FileResult.Ok) _cache._memory.Release(_frames[_asked - _first]);
        }
    }

    /// <summary>
    /// Inserts frames, locked, for an absent page and its absent neighbours. The window is aligned, so that threads that read beside each other share it.
    /// </summary>
    private FileResult? TryInsert(ulong index, ReadOnlySpan<uint> frames, out ulong first, out int count)
    {
        first = index;
        count = 0;
        ulong end = index + 1;
        ulong low = index - (index % (uint)frames.Length), high = low + (uint)frames.Length;
        _gate.Enter();
        try
        {
            // Asked again under the gate: truncation shortens the file under it before it looks for pages.
            if (!_file.HasPage(index)) return FileResult.BeyondEnd;
            if (_pages.Find(index) != PhysicalMemory.NoFrame) return null;

            // A page that is on a swap device comes back alone.
            bool isSwapped = _pages.FindSlot(index) != 0;
            while (!isSwapped && first > low && IsMissing(first - 1)) first--;
            while (!isSwapped && end < high && _file.HasPage(end) && IsMissing(end)) end++;
            if (_ownerId == 0)
            {
                _ownerId = _memory.Owners.Add(this);
                _memory.Reclaimer.Enable();
            }

            for (; first + (uint)count < end; count++) Insert(first + (uint)count, frames[count]);

            // The caller's own: the cache's may go with a failed read.
            Native.Add(ref _memory.Info(frames[(int)(index - first)]).Refs, 1);
            return FileResult.Ok;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>The page is nowhere but in the file. Under the gate.</summary>
    private bool IsMissing(ulong index) => _pages.Find(index) == PhysicalMemory.NoFrame && _pages.FindSlot(index) == 0;

    /// <summary>Under the gate.</summary>
    private void Insert(ulong index, uint pfn)
    {
        ref FrameInfo info = ref _memory.Info(pfn);
        LockOrder.Tried(LockRank.Page, index);
        info.State = FrameState.Cached | FrameState.PageLocked;
        info.OwnerId = _ownerId;
        info.OwnerIndex = index;
        Native.StoreRelaxed(ref info.Refs, 1);

        // The release store inside publishes the fields above.
        _pages.Set(index, pfn);
    }

    /// <summary>Reads into frames; those that are neighbours in memory too in one piece.</summary>
    private void Fill(ulong first, ReadOnlySpan<uint> frames)
    {
        // The lock of the page keeps the slot.
        if (_pages.FindSlot(first) is var slot and not 0)
        {
            _memory.Swap.Read(new SwapEntry(slot), frames[0]);
            return;
        }

        for (int i = 0; i < frames.Length;)
        {
            int run = RunOf(frames[i..]);
            Span<byte> contents = _memory.Contents(frames[i], run);
            _file.ReadPages(first + (uint)i, contents);

            // Also what a read that did not know better may have left there.
            contents[(int)Math.Min(_file.BytesFrom(first + (uint)i), (ulong)contents.Length)..].Clear();
            i += run;
        }
    }

    /// <summary>Unlocks pages that were read, or takes them out again.</summary>
    private void Finish(ulong first, ReadOnlySpan<uint> frames, bool complete, ulong asked)
    {
        if (!complete) Remove(first, frames.Length);
        for (int i = 0; i < frames.Length; i++)
        {
            uint pfn = frames[i];
            ref FrameInfo frame = ref _memory.Info(pfn);
            if (complete) Complete(first + (uint)i, ref frame);
            _locks.Exit(pfn, ref frame);
            if (complete) continue;
            _memory.Release(pfn);
            if (first + (uint)i == asked) _memory.Release(pfn);
        }
    }

    /// <summary>The page has its contents. One that came back from a swap device has no other copy from here on.</summary>
    private void Complete(ulong index, ref FrameInfo frame)
    {
        if (_pages.FindSlot(index) == 0)
        {
            frame.Set(FrameState.UpToDate);
            return;
        }

        frame.Set(FrameState.UpToDate | FrameState.Dirty);
        _gate.Enter();
        uint slot = _pages.TakeSlot(index);
        _gate.Exit();
        DropSlot(slot);
        _memory.Reclaimer.CountSwapIn();
    }

    /// <summary>Takes pages out that nobody maps; their frames are the caller's.</summary>
    private void Remove(ulong first, int count)
    {
        _gate.Enter();
        for (int i = 0; i < count; i++) _pages.Clear(first + (uint)i);
        _gate.Exit();

        // Before a frame can serve anybody else.
        _removals.Add(1);
    }
}
