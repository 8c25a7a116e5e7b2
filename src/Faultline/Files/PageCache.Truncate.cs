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
        foreach ((ulong index, uint _) in _pages.Collect(first, end))
        {
            if (!TryLock(index, out uint pfn)) continue;
            ref FrameInfo frame = ref _memory.Info(pfn);
            _gate.Enter();
            _pages.Clear(index);
            _gate.Exit();
            frame.Clear(FrameState.Dirty);
            _locks.Exit(pfn, ref frame);
            _memory.Release(pfn);
            removed.Add(pfn);
        }

        // Before a frame can serve anybody else.
        if (removed.Count != 0) _removals.Add(1);
        return removed;
    }

    /// <summary>Clears a part of a page, if it is in memory.</summary>
    public void Clear(ulong index, int from, int to)
    {
        if (!TryLock(index, out uint pfn)) return;
        _memory.Contents(pfn)[from..to].Clear();
        Unlock(pfn);
    }

    /// <summary>Locks a page of the cache, with a reference to its frame; false if it is not there. Outside sections and spin locks.</summary>
    public bool TryLock(ulong index, out uint pfn)
    {
        while (TryReference(index, out pfn))
        {
            _locks.Enter(pfn, ref _memory.Info(pfn));
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
