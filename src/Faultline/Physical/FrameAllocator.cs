using System.Diagnostics;
using Faultline.Sync;

namespace Faultline.Physical;

/// <summary>
/// The pool of free frames, shared by all threads: a stack of frames that have been used, and the rest of the arena, never touched yet.
/// </summary>
/// <remarks>
/// <para>The last frame freed is the first handed out, as it may still be in the cache (40 against 470 ns to zero). Batches come out ascending,
/// because sequential faults then give sequential frames, which the hardware scans at twice the speed.</para>
/// <para>In front of it stand shelves, one for some threads each: frames go back to who had them. A thread that finds both empty first makes others give back what they hold idle:
/// other shelves, magazines, then reserves. Only then is memory exhausted. Lock order: holders → a magazine's claim → the pool, or a shelf.</para>
/// </remarks>
internal sealed unsafe class FrameAllocator
{
    // At most a quarter of memory lies on shelves; one that could not fill a magazine would only be one more place to look at.
    private const int Shelves = 16, MostOnShelf = 256, PartOnShelf = 64;

    private readonly PhysicalMemory _memory;

    // By thread; none in a small memory.
    private readonly FrameShelf[] _shelves;

    private readonly NativeBlock _stackBlock;
    private readonly uint* _stack;

    // Guards the four fields below and the stack's contents; a few instructions, or a copy of one batch.
    private SpinGate _pool = new(LockRank.FramePool);
    private uint _stacked;
    private uint _untouched;
    private uint _end;
    private uint _retired;

    // Guards the two lists and the counter, and lets one thread at a time collect what others hold idle.
    private SpinGate _holders = new(LockRank.FrameHolders);
    private readonly List<FrameMagazine> _magazines = [];
    private readonly List<IFrameReserve> _reserves = [];
    private long _seizures;

    // How many magazines share what is left. Written under _holders, read without: a hint for the size of a batch.
    private Word32 _magazineCount;

    public FrameAllocator(PhysicalMemory memory, uint first, uint end)
    {
        _memory = memory;
        _stackBlock = new NativeBlock((nuint)(end - first) * sizeof(uint), NativeBlock.CacheLine);
        _stack = (uint*)_stackBlock.Start;
        _untouched = first;
        _end = end;
        int onShelf = (int)Math.Min(MostOnShelf, (end - first) / PartOnShelf);
        _shelves = onShelf < FrameMagazine.Batch ? [] : [.. Enumerable.Range(0, Shelves).Select(_ => new FrameShelf(onShelf))];
    }

    /// <summary>How often a magazine was emptied because the pool was.</summary>
    public long Seizures
    {
        get
        {
            _holders.Enter();
            long seizures = _seizures;
            _holders.Exit();
            return seizures;
        }
    }

    /// <summary>Takes one frame with whatever contents, or 0 if memory is exhausted. Any thread, outside walker sections.</summary>
    /// <param name="group">Whom the frame is charged to.</param>
    public uint TryAllocate(MemoryGroup? group = null)
    {
        uint pfn = 0;
        return TryAllocate(new Span<uint>(ref pfn), group) == 1 ? pfn : PhysicalMemory.NoFrame;
    }

    /// <summary>
    /// Takes up to as many frames as <paramref name="batch"/> has room for, ascending; returns how many. Fewer only if memory is nearly
    /// exhausted, 0 only if it is. Any thread, outside walker sections.
    /// </summary>
    public int TryAllocate(Span<uint> batch, MemoryGroup? group = null)
    {
        int taken = Take(batch, group);
        if (taken == 0 && batch.Length > 0) taken = TakeAnyhow(batch, group);
        foreach (uint pfn in batch[..taken]) _memory.OnTaken(pfn);
        return taken;
    }

    /// <summary>Takes <paramref name="count"/> adjacent frames that were never used; the first one, or 0 if there are not so many. They come back by <see cref="Free(ReadOnlySpan{uint})"/>.</summary>
    public uint TryAllocateRun(int count)
    {
        _pool.Enter();
        bool enough = (uint)count <= _end - _untouched;
        uint first = enough ? _untouched : PhysicalMemory.NoFrame;
        if (enough) _untouched += (uint)count;
        _pool.Exit();
        for (uint pfn = first; enough && pfn < first + count; pfn++) _memory.OnTaken(pfn);
        return first;
    }

    /// <summary>Gives a frame back. Nobody refers to it any more.</summary>
    public void Free(uint pfn) => Free(new ReadOnlySpan<uint>(in pfn));

    /// <summary>Gives frames back such that the next ones allocated are these, in this order.</summary>
    public void Free(ReadOnlySpan<uint> batch)
    {
        foreach (uint pfn in batch) _memory.OnFreed(pfn);
        _memory.Charges?.Discharge(batch);
        if (OwnShelf is { } shelf && shelf.TryPut(batch)) return;
        _pool.Enter();
        Debug.Assert(_stacked + (uint)batch.Length <= _untouched - PhysicalMemory.FirstFrame, "More frames came back than were taken.");
        for (int i = batch.Length - 1; i >= 0; i--) _stack[_stacked++] = batch[i];
        _pool.Exit();
    }

    /// <summary>A frame, in use by nobody, is never handed out again: its hardware failed.</summary>
    public void Retire(uint pfn)
    {
        _memory.Info(pfn) = new FrameInfo { State = FrameState.Reserved };
        _memory.Charges?.Discharge(new ReadOnlySpan<uint>(in pfn));
        _pool.Enter();
        _retired++;
        _pool.Exit();
    }

    /// <summary>Frames that <see cref="Retire"/> took out of service.</summary>
    public long CountRetired()
    {
        _pool.Enter();
        long retired = _retired;
        _pool.Exit();
        return retired;
    }

    /// <summary>Lets the pool ask <paramref name="reserve"/> for frames when it is empty.</summary>
    public void Register(IFrameReserve reserve)
    {
        _holders.Enter();
        _reserves.Add(reserve);
        _holders.Exit();
    }

    /// <summary>Afterwards <paramref name="reserve"/> is not called any more.</summary>
    public void Unregister(IFrameReserve reserve)
    {
        _holders.Enter();
        bool found = _reserves.Remove(reserve);
        _holders.Exit();
        Debug.Assert(found, "Only a registered reserve can be unregistered.");
    }

    /// <summary>Called by the magazine's constructor.</summary>
    public void Register(FrameMagazine magazine)
    {
        _holders.Enter();
        _magazines.Add(magazine);
        _magazineCount.StoreRelaxed((uint)_magazines.Count);
        _holders.Exit();
    }

    /// <summary>Called by the magazine when it is disposed: afterwards no seizer touches it.</summary>
    public void Unregister(FrameMagazine magazine)
    {
        _holders.Enter();
        bool found = _magazines.Remove(magazine);
        _magazineCount.StoreRelaxed((uint)_magazines.Count);
        _holders.Exit();
        Debug.Assert(found, "Only a registered magazine can be unregistered.");
    }

    /// <summary>Frames in the pool and on shelves: a moment ago.</summary>
    public long CountPool()
    {
        _pool.Enter();
        long free = _stacked + (long)(_end - _untouched);
        _pool.Exit();
        foreach (FrameShelf shelf in _shelves) free += shelf.Count;
        return free;
    }

    /// <summary>Frames in the pool, on shelves, in magazines, and never touched.</summary>
    public long CountFree()
    {
        _holders.Enter();
        long free = 0;
        foreach (FrameMagazine magazine in _magazines) free += magazine.Count;
        foreach (FrameShelf shelf in _shelves) free += shelf.Count;
        _pool.Enter();
        free += _stacked + (_end - _untouched);
        _pool.Exit();
        _holders.Exit();
        return free;
    }

    /// <summary>Frees the pool's own memory, and allocates nothing any more, if no frame is in use and no magazine exists.</summary>
    public bool TryClose()
    {
        _holders.Enter();
        ClearShelves();
        _pool.Enter();
        bool quiet = _magazines.Count == 0 && _stacked + (_end - _untouched) + _retired == _memory.CapacityInFrames;
        if (quiet)
        {
            _stacked = 0;
            _end = _untouched;
            _stackBlock.Dispose();
        }

        _pool.Exit();
        _holders.Exit();
        return quiet;
    }

    /// <summary>
    /// Takes a batch for a magazine, ascending, from the thread's shelf and the pool only. Near exhaustion it takes no more than a share of what is left, else the
    /// magazines would hold the last frames and be seized in turn.
    /// </summary>
    public int TakeShare(Span<uint> batch, MemoryGroup? group) => Take(batch, group, share: 2 * Math.Max(1, _magazineCount.LoadRelaxed()));

    /// <summary>
    /// When the pool is empty or the group at its limit: takes what magazines and reserves hold, then what reclaim frees, at its limit of the group's own pages.
    /// </summary>
    /// <remarks>Other threads may take what this one has freed; as long as some is freed somebody gets on, and after so many losses it is this thread's turn to fail.</remarks>
    public int TakeAnyhow(Span<uint> batch, MemoryGroup? group)
    {
        int taken = TakeFromHolders(batch, group);
        bool isWorthwhile = _memory.Reclaimer.IsEnabled;
        for (int round = 0; taken == 0 && isWorthwhile && round < ReclaimRounds; round++)
        {
            isWorthwhile = _memory.Reclaimer.TryFreeSome(group is { IsFull: true } ? group : null);

            // Also if there was nothing to free: the last frame may have come home just before it was looked at.
            taken = TakeFromHolders(batch, group);
        }

        if (taken == 0 && group is { IsFull: true }) group.CountRefusal();
        return taken;
    }

    private const int ReclaimRounds = 64;

    private int TakeFromHolders(Span<uint> batch, MemoryGroup? group)
    {
        _holders.Enter();
        try
        {
            // Whoever had the list before may have filled the pool.
            int taken = Take(batch, group);
            if (taken == 0 && ClearShelves()) taken = Take(batch, group);
            if (taken == 0) taken = TakeFromMagazines(batch, group, wait: false);
            if (taken == 0)
            {
                foreach (IFrameReserve reserve in _reserves)
                {
                    if (reserve.Release() > 0 && (taken = Take(batch, group)) > 0) break;
                }
            }

            // The owners of the rest are inside sections or refilling.
            if (taken == 0) taken = TakeFromMagazines(batch, group, wait: true);
            return taken;
        }
        finally
        {
            _holders.Exit();
        }
    }

    /// <summary>Puts frames of a magazine back that were not used since they were taken; the last one is the next to be handed out.</summary>
    public void PutBack(ReadOnlySpan<uint> frames)
    {
        _memory.Charges?.Discharge(frames);
        _pool.Enter();
        frames.CopyTo(new Span<uint>(_stack + _stacked, frames.Length));
        _stacked += (uint)frames.Length;
        _pool.Exit();
    }

    private int TakeFromMagazines(Span<uint> batch, MemoryGroup? group, bool wait)
    {
        foreach (FrameMagazine magazine in _magazines)
        {
            // What others hold does not help a group at its limit.
            if ((group is { IsFull: true } && magazine.Group != group) || !magazine.TrySeize(wait)) continue;
            _seizures++;
            int taken = Take(batch, group);
            if (taken > 0) return taken;
        }

        return 0;
    }

    /// <summary>From the thread's shelf and the pool only; charged to the group, if there is one, which is never above its limit, not even for a moment.</summary>
    private int Take(Span<uint> batch, MemoryGroup? group, uint share = 1)
    {
        if (group is null) return Take(batch, share);
        int granted = group.Charge(batch.Length);
        int taken = granted == 0 ? 0 : Take(batch[..granted], share);
        group.Uncharge(granted - taken);
        _memory.Charges!.Mark(batch[..taken], group.Id);
        return taken;
    }

    private int Take(Span<uint> batch, uint share)
    {
        int taken = OwnShelf?.Take(batch) ?? 0;
        if (taken < batch.Length) taken += TakeFromPool(batch[taken..], share);
        SortAscending(batch[..taken]);
        return taken;
    }

    private int TakeFromPool(Span<uint> batch, uint share)
    {
        _pool.Enter();
        long free = _stacked + (long)(_end - _untouched);
        int count = (int)Math.Min(batch.Length, (free + share - 1) / share);
        int used = (int)Math.Min((uint)count, _stacked);
        for (int i = 0; i < used; i++) batch[i] = _stack[--_stacked];
        for (int i = used; i < count; i++) batch[i] = _untouched++;
        _pool.Exit();
        if (free - count < _memory.Reclaimer.LowWatermark && CountPool() < _memory.Reclaimer.LowWatermark) _memory.Reclaimer.Wake();
        return count;
    }

    private FrameShelf? OwnShelf => _shelves.Length == 0 ? null : _shelves[Threads.CurrentId % Shelves];

    /// <summary>Puts what lies on shelves into the pool; false if there was nothing.</summary>
    private bool ClearShelves()
    {
        Span<uint> frames = stackalloc uint[MostOnShelf];
        bool found = false;
        foreach (FrameShelf shelf in _shelves)
        {
            int count = shelf.Take(frames);
            if (count == 0) continue;
            found = true;
            _pool.Enter();
            for (int i = count - 1; i >= 0; i--) _stack[_stacked++] = frames[i];
            _pool.Exit();
        }

        return found;
    }

    private static void SortAscending(Span<uint> batch)
    {
        // Usually a batch that was freed in order comes back whole.
        for (int i = 1; i < batch.Length; i++)
        {
            if (batch[i - 1] > batch[i])
            {
                batch.Sort();
                return;
            }
        }
    }
}
