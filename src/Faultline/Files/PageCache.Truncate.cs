using Faultline.Locking;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Files;

/// <content>Taking pages out of the cache, for good.</content>
internal sealed partial class PageCache
{
    /// <summary>
    /// Changes the file's length. From here on nobody inserts a page beyond it; pages that are there stay until <see cref="Cut"/>.
    /// </summary>
    public void SetLength(ref Word64 length, ulong value)
    {
        // Under the gate: an insertion has happened before, and its page is found, or sees the new length.
        _gate.Enter();
        length.StoreRelease(value);
        _gate.Exit();
    }

    /// <summary>
    /// Takes the pages of [<paramref name="first"/>, <paramref name="end"/>) out of the cache and of everybody's tables. Waits for those who read or write them
    /// back. What is dirty is lost.
    /// </summary>
    /// <remarks>
    /// <code>
    ///   cut                                    fault
    ///   out of the cache
    ///   (gate of the mappings: full fence)
    ///                                          table lock; not in the cache: beyond the end, or a new page
    ///   table lock: zap, unlock
    ///   shoot down; let the frame go
    /// </code>
    /// A fault that held the table's lock before finds its entry zapped.
    /// </remarks>
    public void Cut(ulong first, ulong end, bool keepCopies)
    {
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.UnmapBeforeCut)
        {
            _file.Mappings.Zap(first, end, keepCopies);
            Drop(Remove(first, end));
            return;
        }
#endif
        List<uint> frames = Remove(first, end);
        _file.Mappings.Zap(first, end, keepCopies);
        Drop(frames);
    }

    /// <summary>How often pages were taken out: who looks at a frame's contents without a reference compares it afterwards. Acquire: pairs with the addition.</summary>
    public ulong Removals => _removals.LoadAcquire();

    private List<uint> Remove(ulong first, ulong end)
    {
        List<uint> removed = [];
        foreach (ulong index in CollectHeld(first, end))
        {
            if (RemoveOne(index) is var pfn and not PhysicalMemory.NoFrame) removed.Add(pfn);
        }

        // Before a frame can serve anybody else.
        if (removed.Count != 0) _removals.Add(1);
        return removed;
    }

    /// <summary>Takes a page out of the cache and gives its slot up; returns its frame with the cache's reference, or 0 if it has none, or is not there any more.</summary>
    private uint RemoveOne(ulong index)
    {
        while (true)
        {
            if (TryLock(index, out uint pfn))
            {
                ref FrameInfo frame = ref _memory.Info(pfn);
                _gate.Enter();
                _pages.Clear(index);
                uint slot = _pages.TakeSlot(index);
                _gate.Exit();
                DropSlot(slot);
                frame.Clear(FrameState.Dirty);
                _locks.Exit(pfn, ref frame);
                _memory.Release(pfn);
                return pfn;
            }

            // A fault may have brought it in since, and hold the page's lock: then its slot is being read.
            _gate.Enter();
            bool isAbsent = _pages.Find(index) == PhysicalMemory.NoFrame;
            uint left = isAbsent ? _pages.TakeSlot(index) : 0;
            _gate.Exit();
            DropSlot(left);
            if (isAbsent) return PhysicalMemory.NoFrame;
        }
    }

    /// <summary>The pages of [<paramref name="first"/>, <paramref name="end"/>) that are in memory or on a swap device.</summary>
    private List<ulong> CollectHeld(ulong first, ulong end)
    {
        // So many that the gate is held for some ten microseconds.
        const int LeavesAtATime = 64;
        List<ulong> found = [];
        while (first < end)
        {
            _gate.Enter();
            first = _pages.CollectHeld(first, end, LeavesAtATime, found);
            _gate.Exit();
        }

        return found;
    }

    /// <summary>Clears a part of a page, if it is in memory.</summary>
    public void Clear(ulong index, int from, int to)
    {
        if (!TryLock(index, out uint pfn)) return;
        _memory.Contents(pfn)[from..to].Clear();

        // What is behind the end of a file that is written back the file has as zero.
        if (!_file.WritesBack) _memory.Info(pfn).Set(FrameState.Dirty);
        Unlock(pfn);
    }

    /// <summary>
    /// Locks a page of the cache, with a reference to its frame; false if it is not there, or if <paramref name="signal"/> is sent first. Outside sections and spin locks.
    /// </summary>
    public bool TryLock(ulong index, out uint pfn, FatalSignal? signal = null)
    {
        while (TryReference(index, out pfn))
        {
            if (!_locks.TryEnter(pfn, ref _memory.Info(pfn), signal))
            {
                _memory.Release(pfn);
                return false;
            }

            if (Holds(index, pfn)) return true;

            // Went while we waited; another may be in its place.
            Unlock(pfn);
        }

        return false;
    }

    /// <summary>Ends <see cref="TryLock"/>.</summary>
    public void Unlock(uint pfn)
    {
        _locks.Exit(pfn, ref _memory.Info(pfn));
        _memory.Release(pfn);
    }
}
