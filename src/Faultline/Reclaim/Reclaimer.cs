using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Reclaim;

/// <summary>
/// Takes frames from pages that can be had again: a clock over the arena's frames. Threads that find memory exhausted turn it themselves; the thread of
/// <see cref="ReclaimThread"/> turns it before that happens.
/// </summary>
/// <remarks>
/// <para>Linux keeps the pages in two lists, active and inactive, and each fault adds to one. Here a fault adds nothing: frames lie side by side, so the hand finds them
/// without lists, and two bits in each <see cref="FrameInfo"/> say what the lists would (<see cref="AgeVisitor"/>; <c>docs/decisions</c> has the reasons).</para>
/// <para>The hand looks at frames without a lock or a reference. What it saw is only a guess at where an entry may be that maps the frame; under the lock of that entry's
/// table it becomes certain.</para>
/// </remarks>
internal sealed class Reclaimer
{
    /// <summary>Frames that the hand passes at a time: 4 KiB of <see cref="FrameInfo"/>.</summary>
    private const uint Stretch = 64;

    /// <summary>Frames freed before a thread goes on that was out of frames: one magazine's batch, so that the next faults need no reclaim.</summary>
    private const int DirectBatch = FrameMagazine.Batch;

    /// <summary>Turns of the hand that age pages; after that whatever may leave must: the pages in use are more than there is memory.</summary>
    private const int AgedTurns = 2;

    /// <summary>The low watermark is this part of memory, within bounds: what a few threads take while the reclaim thread wakes up.</summary>
    private const int LowFraction = 64;
    private const long LeastLow = 16;
    private const long MostLow = 4096;

    private readonly PhysicalMemory _memory;

    // Started by the first wake-up: most memories never run short. Set once, by compare-and-swap.
    private Ref<ReclaimThread?> _thread;

    // 1 once no thread may be started any more. Exchange, a full fence: whoever starts one looks here after it has published it.
    private Word32 _isStopped;

    // In frames; 0 until there is something to reclaim. Written with its one value by whoever brings that; read without order.
    private Word64 _lowWatermark;

    // Where the hand is, in stretches passed since the beginning. Atomic: each thread gets stretches of its own.
    private Word64 _hand;

    // Counts, by what they count. Atomic.
    private Word64 _swappedOut, _swappedIn, _dropped, _reread, _written, _scanned, _directReclaims;

    public Reclaimer(PhysicalMemory memory)
    {
        _memory = memory;
        if (memory.Swap.HasDevices) Enable();
    }

    /// <summary>There is something to reclaim from now on: a device to swap to, or pages of a file. Before that no fault or call pays for the possibility.</summary>
    public void Enable() =>
        _lowWatermark.StoreRelaxed((ulong)Math.Max(1, Math.Min(Math.Clamp(_memory.CapacityInFrames / LowFraction, LeastLow, MostLow), _memory.CapacityInFrames / 4)));

    public bool IsEnabled => LowWatermark != 0;

    /// <summary>Fewer free frames than this in the pool wake the reclaim thread; 0 if nothing is reclaimed.</summary>
    public long LowWatermark => (long)_lowWatermark.LoadRelaxed();

    /// <summary>The pool is below <see cref="LowWatermark"/>. By any thread; cheap while the reclaim thread is at work.</summary>
    public void Wake() => (_thread.LoadAcquire() ?? Start())?.Wake();

    /// <summary>Afterwards the reclaim thread touches no frame any more.</summary>
    public void Stop()
    {
        _isStopped.Exchange(1);
        _thread.LoadAcquire()?.Stop();
    }

    private ReclaimThread? Start()
    {
        if (_isStopped.LoadAcquire() != 0) return null;
        var thread = new ReclaimThread(this, _memory);
        if (_thread.CompareExchange(thread, null) is { } other) return other;
        thread.Start();
        if (_isStopped.LoadAcquire() != 0) thread.Stop();
        return thread;
    }

    /// <summary>
    /// For a thread that finds no frame: frees some. False if nothing can be freed, or not by this thread, which has a session open that its own shootdown would wait
    /// for. The thread holds nothing below the address-space lock and is outside sections.
    /// </summary>
    /// <param name="group">The group at its limit whose pages shall leave; null for anybody's.</param>
    public bool TryFreeSome(MemoryGroup? group)
    {
        if (!IsEnabled || Threads.OpenSessions != 0) return false;
        _directReclaims.Add(1);
        long since = Clock.Timestamp;
        Parker? sleeper = null;
        while (true)
        {
            // What others freed meanwhile counts too: this thread may have met only pages that they were at work on.
            ulong before = FreedByAnyone;
            if (Free(DirectBatch, group, mayWrite: false, out bool isBusy) != 0 || FreedByAnyone != before) return true;
            if (!isBusy || Clock.Nanoseconds(since, Clock.Timestamp) > BusyPatience) return false;
            _thread.LoadAcquire()?.Hurry();
            (sleeper ??= new Parker()).Park(s_nap);
        }
    }

    /// <summary>
    /// For how long a thread that met nothing but pages in the works looks again before it calls memory exhausted, in nanoseconds: whoever is at work on one may wait for a device,
    /// or be stopped by the scheduler.
    /// </summary>
    private const long BusyPatience = 1_000_000_000;

    private static readonly TimeSpan s_nap = TimeSpan.FromMilliseconds(1);

    // All only grow. Acquire: before the next look at the pool.
    private ulong FreedByAnyone => _swappedOut.LoadAcquire() + _dropped.LoadAcquire() + _reread.LoadAcquire();

    /// <summary>
    /// Turns the hand until <paramref name="wanted"/> frames were freed, or all turns were made, also if devices are full: a page that needs none may have been young at the first; returns how
    /// many were freed. For the reclaim thread, which writes changed pages of files back. Who reclaims for want of a frame does not: it may hold what the file's code needs, and be inside that code itself (Linux writes from <c>kswapd</c> only, too).
    /// </summary>
    public int Free(int wanted) => Free(wanted, group: null, mayWrite: true, out _);

    private int Free(int wanted, MemoryGroup? group, bool mayWrite, out bool isBusy)
    {
        int freed = 0;
        isBusy = false;
        ref Word64 hand = ref (group is null ? ref _hand : ref group.ReclaimHand);
        ulong end = (ulong)_memory.CapacityInFrames + PhysicalMemory.FirstFrame;
        ulong stretches = (end + Stretch - 1) / Stretch;
        for (ulong passed = 0; freed < wanted && passed < stretches * (AgedTurns + 1); passed++)
        {
            PageOutMode mode = passed < stretches * AgedTurns ? PageOutMode.Aged : PageOutMode.Urgent;
            uint first = (uint)((hand.Add(1) - 1) % stretches * Stretch);
            FreeStretch(first, (uint)Math.Min(first + Stretch, end), mode, group, mayWrite, ref freed, ref isBusy);
        }

        return freed;
    }

    /// <summary>Asks one page to leave because its user said so.</summary>
    public void PageOutNow(uint pfn) => Count(PageOut.Try(_memory, pfn, PageOutMode.Advised));

    /// <summary>A fault, or a call, read a page back.</summary>
    public void CountSwapIn() => _swappedIn.Add(1);

    /// <summary>Changed pages of a file were written back because they shall leave.</summary>
    public void CountWritten(int pages) => _written.Add(pages);

    public ReclaimStatistics Statistics() => new(
        SwappedOut: (long)_swappedOut.LoadRelaxed(),
        SwappedIn: (long)_swappedIn.LoadRelaxed(),
        Dropped: (long)_dropped.LoadRelaxed(),
        FilePagesDropped: (long)_reread.LoadRelaxed(),
        FilePagesWritten: (long)_written.LoadRelaxed(),
        Scanned: (long)_scanned.LoadRelaxed(),
        DirectReclaims: (long)_directReclaims.LoadRelaxed(),
        SwapSlots: _memory.Swap.Slots,
        FreeSwapSlots: _memory.Swap.FreeSlots);

    private void FreeStretch(uint first, uint end, PageOutMode mode, MemoryGroup? group, bool mayWrite, ref int freed, ref bool isBusy)
    {
        for (uint pfn = Math.Max(first, PhysicalMemory.FirstFrame); pfn < end; pfn++)
        {
            // A guess like all that is seen before the entry's lock is held: a page that is charged to another group by now leaves all the same.
            if (group is not null && _memory.Charges!.Of(pfn) != group.Id) continue;
            PageOutResult result = PageOut.Try(_memory, pfn, mode, mayWrite);
            Count(result);
            isBusy |= result == PageOutResult.Busy;
            if (result is PageOutResult.Swapped or PageOutResult.Dropped or PageOutResult.Reread) freed++;
        }

        _scanned.Add(end - first);
    }

    private void Count(PageOutResult result)
    {
        if (result == PageOutResult.Swapped) _swappedOut.Add(1);
        else if (result == PageOutResult.Dropped) _dropped.Add(1);
        else if (result == PageOutResult.Reread) _reread.Add(1);
    }
}
