using System.Diagnostics;
using System.Runtime.InteropServices;
using Faultline.Locking;
using Faultline.Physical;
using Faultline.Swap;
using Faultline.Sync;

namespace Faultline.Files;

/// <summary>The pages of one file that are in memory (Linux <c>address_space</c>). It holds one reference to each of their frames.</summary>
/// <remarks>
/// <code>
///   page is     absent ──insert──▶ locked, not up to date ──read──▶ up to date ──cut──▶ absent
///                  ▲                         │                      │        ▲
///                  ├────────read failed──────┘                   reclaim     │ changed, or held
///                  │                                                ▼        │
///                  └─────────────────────────────────── locked, not up to date
/// </code>
/// Whoever finds a page that is not up to date waits for its lock and looks again.
/// </remarks>
internal sealed partial class PageCache
{
    private readonly VmFile _file;
    private readonly PhysicalMemory _memory;

    // Guards insertion, removal, the file's length, and the taking of references by those who are not inside a section. Look-ups take nothing.
    private SpinGate _gate = new(LockRank.PageCache);
    private readonly PageMap _pages = new();
    private readonly PageWaiters _locks = new();

    // See Removals. Atomic.
    private Word64 _removals;

    // The cache's number in the frames' FrameInfo; 0 while there is no page. Guarded by _gate.
    private uint _ownerId;

    public PageCache(VmFile file)
    {
        _file = file;
        _memory = file.Memory;
    }

    /// <summary>
    /// The frame of a page in memory, contents valid. No lock and no reference is taken: the frame is good as long as the page is in the cache, which a
    /// fault asks again under its table's lock.
    /// </summary>
    /// <remarks>
    /// The lock holds up truncation, which zaps, but not a read that fails, since nobody maps such a page:
    /// <code>
    ///   look-up                                another thread
    ///   page: in frame F
    ///                                          cannot be read: out of the cache; removals + 1; F is free
    ///                                          reads a page of another file into F: up to date
    ///   F is up to date
    ///   removals as before? no: not found      (without this the other file's page)
    /// </code>
    /// </remarks>
    public bool TryLookup(ulong index, out uint pfn)
    {
        ulong removals = Removals;
        pfn = _pages.Find(index);
        return pfn != PhysicalMemory.NoFrame && IsUpToDate(pfn) && AreNoneRemovedSince(removals);
    }

    /// <summary>
    /// The page was neither in memory nor on a swap device at some moment of the call. More than a <see cref="TryLookup"/> that fails, which it does for each removal of another page.
    /// </summary>
    public bool IsAbsent(ulong index)
    {
        if (_pages.Find(index) != PhysicalMemory.NoFrame) return false;

        // Under the gate: it may be going from the one to the other.
        _gate.Enter();
        bool isAbsent = _pages.Find(index) == PhysicalMemory.NoFrame && _pages.FindSlot(index) == 0;
        _gate.Exit();
        return isAbsent;
    }

    /// <summary>The page is on a swap device, and perhaps on its way back.</summary>
    public bool IsSwapped(ulong index) => _pages.FindSlot(index) != 0;

    /// <summary>How many pages of [<paramref name="first"/>, <paramref name="end"/>) are on swap devices.</summary>
    public ulong CountSwapped(ulong first, ulong end) => _pages.CountSlots(first, end);

    /// <summary>As <see cref="TryLookup"/> for neighbouring pages; 0 where a page is not in memory.</summary>
    public void Lookup(ulong first, Span<uint> frames)
    {
        ulong removals = Removals;
        _pages.Find(first, frames);
        foreach (ref uint pfn in frames)
        {
            if (pfn != PhysicalMemory.NoFrame && !IsUpToDate(pfn)) pfn = PhysicalMemory.NoFrame;
        }

        if (!AreNoneRemovedSince(removals)) frames.Clear();
    }

    /// <summary>
    /// The frame of a page, read if it is not in memory, with a reference for the caller (<see cref="PhysicalMemory.Release"/> gives it back).
    /// May wait for the file. The caller holds a reference to the file, is outside walker sections and holds no spin lock.
    /// </summary>
    /// <param name="index">Number of the page.</param>
    /// <param name="pfn">Its frame; 0 if the result is not <see cref="FileResult.Ok"/>.</param>
    /// <param name="readAhead">Neighbours that are not in memory may be read with it.</param>
    /// <param name="signal">What ends the wait; null for nothing.</param>
    public FileResult GetOrRead(ulong index, out uint pfn, bool readAhead = true, FatalSignal? signal = null)
    {
        Debug.Assert(!_file.IsReleased, "Only a holder of the file may ask for its pages.");
        for (int window = readAhead ? _file.ReadAheadPages : 1; ; window = 1)
        {
            if (!_file.HasPage(index))
            {
                pfn = PhysicalMemory.NoFrame;
                return FileResult.BeyondEnd;
            }

            if (TryReference(index, out pfn))
            {
                if (IsUpToDate(pfn)) return FileResult.Ok;
                bool isKilled = !_locks.TryWait(pfn, ref _memory.Info(pfn), signal);
                if (IsUpToDate(pfn)) return FileResult.Ok;

                // Its reader failed and took it out, or truncation did: from the start.
                _memory.Release(pfn);
                pfn = PhysicalMemory.NoFrame;
                if (isKilled) return FileResult.Killed;
                continue;
            }

            if (TryRead(index, window, signal, out pfn) is { } result) return result;
        }
    }

    /// <summary>
    /// Lets all pages go, with the file's last reference: no area maps them; a walker that still sees them drops what it sees. A page that is pinned stays
    /// with its pins.
    /// </summary>
    public void Release()
    {
        EndReclaim();
        foreach (ulong index in CollectHeld(0, ulong.MaxValue)) DropSlot(_pages.TakeSlot(index));
        Drop(_pages.TakeAll());
        if (_ownerId != 0) _memory.Owners.Remove(_ownerId);
        _ownerId = 0;
    }

    /// <summary>Takes a reference to a page that is in the cache, up to date or not.</summary>
    private bool TryReference(ulong index, out uint pfn)
    {
        _gate.Enter();
        pfn = _pages.Find(index);
        if (pfn != PhysicalMemory.NoFrame) _memory.AddReference(pfn);
        _gate.Exit();
        return pfn != PhysicalMemory.NoFrame;
    }

    /// <summary>The page has that frame still. By a holder of a reference to the frame, which therefore serves nothing else.</summary>
    private bool Holds(ulong index, uint pfn) => _pages.Find(index) == pfn;

    /// <summary>Acquire: pairs with the unlocking of the page by its reader.</summary>
    private bool IsUpToDate(uint pfn) => ((FrameState)Native.LoadAcquire(ref _memory.Info(pfn).StateWord) & FrameState.UpToDate) != 0;

    private bool AreNoneRemovedSince(ulong removals) =>
#if FAULTLINE_EXPLORE
        Mutants.Active == Mutant.LookUpAcrossRemovals ||
#endif
        Removals == removals;

    /// <summary>Gives the cache's hold of a slot up, if it was one.</summary>
    private void DropSlot(uint slot)
    {
        if (slot != 0) _memory.Swap.DropHolder(new SwapEntry(slot));
    }

    /// <summary>Gives the cache's references up.</summary>
    private void Drop(List<uint> frames)
    {
        frames.RemoveAll(pfn => !_memory.DropReference(pfn));
        _memory.Frames.Free(CollectionsMarshal.AsSpan(frames));
    }
}
