using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Swap;

/// <summary>One device with its slots and the part of the swap cache that belongs to it (Linux <c>swap_info_struct</c>).</summary>
/// <remarks>
/// The swap cache has a page from the moment that its first entry is taken away until the device has it: whoever needs the page meanwhile copies it. A
/// slot is free again when no entry names it, no fault reads it and no page is cached for it.
/// </remarks>
internal sealed class SwapArea
{
    private readonly PhysicalMemory _memory;

    // By slot, 0 unused: a SlotState. Changed by compare-and-swap and addition.
    private readonly Word32[] _states;

    // By slot: the frame that has the slot's page, or 0. Changed under _cache by release stores; looked up without a lock.
    private readonly Word32[] _frames;

    // Guards _frames and the taking of references to what it names.
    private SpinGate _cache = new(LockRank.SwapCache);

    // Guards the two fields below: slots that were used and are free, and the first that never was.
    private SpinGate _slots = new(LockRank.SwapSlots);
    private readonly Stack<uint> _free = [];
    private uint _untouched = 1;

    // How many more pages are not even tried, since the device refused one: it may be full, but a smaller page may fit, or it may work again. A hint, without order.
    private Word32 _skips;
    private const uint SkipsAfterRefusal = 16;

    public SwapArea(PhysicalMemory memory, SwapDevice device)
    {
        _memory = memory;
        Device = device;
        _states = new Word32[device.CapacityInPages + 1];
        _frames = new Word32[device.CapacityInPages + 1];
    }

    public SwapDevice Device { get; }

    public long FreeSlots
    {
        get
        {
            _slots.Enter();
            long free = _free.Count + (Device.CapacityInPages + 1 - _untouched);
            _slots.Exit();
            return free;
        }
    }

    /// <summary>How many entries and readers hold the slot; as it was a moment ago, unless the caller is one of them.</summary>
    public uint Holders(uint slot) => new SlotState(_states[slot].LoadAcquire()).Holders;

    /// <summary>Takes a free slot for a page, which is in the swap cache from here on; 0 if there is none. Under the page's lock.</summary>
    public uint TryAllocate(uint pfn)
    {
        uint slot = TryTake();
        if (slot == 0) return 0;
        _states[slot].StoreRelaxed(SlotState.OnlyCached.Value);

        // Release: publishes the state. Whoever looks comes through an entry, which is stored later.
        _frames[slot].StoreRelease(pfn);
        return slot;
    }

    /// <summary>Takes a free slot, which the caller holds; 0 if there is none. For a page that others find in its file's cache until it is written.</summary>
    public uint TryAllocateHeld()
    {
        uint slot = TryTake();

        // Nobody else knows the slot yet.
        if (slot != 0) _states[slot].StoreRelaxed(new SlotState().WithHolders(1).Value);
        return slot;
    }

    /// <summary>Ends <see cref="TryAllocateHeld"/> for a page that was not written. The device has no more room than before: what it refused it is not asked for again at once.</summary>
    public void GiveBack(uint slot)
    {
        _states[slot].StoreRelaxed(new SlotState().Value);
        Push(slot);
    }

    private uint TryTake()
    {
        uint skips = _skips.LoadRelaxed();
        if (skips != 0)
        {
            _skips.StoreRelaxed(skips - 1);
            return 0;
        }

        _slots.Enter();
        if (!_free.TryPop(out uint slot) && _untouched <= Device.CapacityInPages) slot = _untouched++;
        _slots.Exit();
        if (slot == 0) return 0;
        Debug.Assert(new SlotState(_states[slot].LoadRelaxed()).IsFree, "A slot in use is not handed out.");
        return slot;
    }

    /// <summary>One more entry names the slot. By whoever knows one, or has just allocated the slot.</summary>
    public void AddHolder(uint slot)
    {
        uint now = _states[slot].Add(1);
        Debug.Assert(new SlotState(now).WithHolders(-1) != default, "Only a slot in use gets holders.");
    }

    /// <summary>Holds the slot, so that neither its page nor its number goes to another, unless nobody holds it any more. A full fence.</summary>
    public bool TryAddHolder(uint slot)
    {
        var seen = new SlotState(_states[slot].LoadRelaxed());
        while (seen.Holders != 0)
        {
            var found = new SlotState(_states[slot].CompareExchange(seen.WithHolders(1).Value, seen.Value));
            if (found == seen) return true;
            seen = found;
        }

        return false;
    }

    /// <summary>An entry or a reader lets the slot go; the last one frees it, and the page that is cached for it.</summary>
    /// <remarks>Spin locks of a few instructions are taken: a PTE lock may be held, but a section only if another holder remains.</remarks>
    public void DropHolder(uint slot)
    {
        var now = new SlotState(_states[slot].Add(-1));
        Debug.Assert(now.WithHolders(1).Holders != 0, "A slot was let go more often than held.");
        if (now.IsFree) Free(slot);
        else if (now == SlotState.OnlyCached) ForgetUnused(slot);
    }

    /// <summary>The frame of the slot's cached page with a reference for the caller; 0 if there is none. The caller holds the slot, or knows a frame that it wants.</summary>
    public uint TryGet(uint slot)
    {
        // Acquire: pairs with the release store of whoever forgot the page, so that the device has it.
        if (_frames[slot].LoadAcquire() == PhysicalMemory.NoFrame) return PhysicalMemory.NoFrame;
        _cache.Enter();
        uint pfn = _frames[slot].LoadRelaxed();
        if (pfn != PhysicalMemory.NoFrame) _memory.AddReference(pfn);
        _cache.Exit();
        return pfn;
    }

    /// <summary>Writes a page to the device; false if the device refuses. Under the page's lock, nobody writes to the page.</summary>
    public bool TryWrite(uint slot, uint pfn)
    {
        bool written = TryWriteToDevice(slot, pfn);
        _skips.StoreRelaxed(written ? 0 : SkipsAfterRefusal);
        return written;
    }

    /// <summary>A device that throws has failed, as one that says so: what it throws must not end the reclaim thread, and with it the process.</summary>
    private bool TryWriteToDevice(uint slot, uint pfn)
    {
        try
        {
            return Device.TryWrite(IndexOf(slot), _memory.Contents(pfn));
        }
        catch (Exception exception) when (exception is not AccessViolationException)
        {
            return false;
        }
    }

    /// <summary>Reads the page from the device into a frame that the caller owns. The caller holds the slot, which is not cached.</summary>
    public void Read(uint slot, uint pfn) => Device.Read(IndexOf(slot), _memory.Contents(pfn));

    /// <summary>
    /// The device has the page, or nobody wants it: the cache forgets it, and its reference becomes the caller's, who holds the page's lock.
    /// </summary>
    public void Forget(uint slot, uint pfn)
    {
        _cache.Enter();
        Debug.Assert(_frames[slot].LoadRelaxed() == pfn, "What is forgotten is cached.");

        // Release: pairs with the look without the lock.
        _frames[slot].StoreRelease(PhysicalMemory.NoFrame);
        SlotState left = ClearCached(slot);
        _cache.Exit();
        ref FrameInfo frame = ref _memory.Info(pfn);
        frame.SwapEntry = SwapEntry.None.Value;
        frame.Clear(FrameState.SwapCached | FrameState.UpToDate);

        // Whoever let the slot go last saw the page cached, and left the slot to us.
        if (left.IsFree) Free(slot);
    }

    /// <summary>Frees the lock of a page that stays cached.</summary>
    public void Unlock(uint slot, uint pfn)
    {
        _memory.Info(pfn).UnlockPage();
        if (IsOnlyCached(slot)) ForgetUnused(slot);
    }

    /// <summary>Frees a slot that only the cache still has, unless somebody is at work on its page, who then does it.</summary>
    /// <remarks>
    /// <code>
    ///   at work on the page                 last holder of the slot
    ///                                       let go: only cached
    ///                                       page locked: leaves it to us
    ///   unlock (full fence)
    ///   only cached? yes: forget it         (else the slot would never be freed)
    /// </code>
    /// The slot may have gone to another page meanwhile. Then that page is locked, because its entries are being replaced, or the slot has holders again.
    /// </remarks>
    private void ForgetUnused(uint slot)
    {
        do
        {
            uint pfn = TryGet(slot);
            if (pfn == PhysicalMemory.NoFrame) return;
            ref FrameInfo frame = ref _memory.Info(pfn);
            bool locked = frame.TryLockPage();
            if (locked)
            {
                if (_frames[slot].LoadRelaxed() == pfn && IsOnlyCached(slot))
                {
                    Forget(slot, pfn);
                    bool last = _memory.DropReference(pfn);
                    Debug.Assert(!last, "The reference that was taken above is left.");
                }

                frame.UnlockPage();
            }

            _memory.Release(pfn);
            if (!locked) return;
        }
        while (IsOnlyCached(slot));
    }

    // Acquire: after the full fence of an unlock or of letting go.
    private bool IsOnlyCached(uint slot) => _states[slot].LoadAcquire() == SlotState.OnlyCached.Value;

    private SlotState ClearCached(uint slot)
    {
        var seen = new SlotState(_states[slot].LoadRelaxed());
        while (true)
        {
            SlotState wanted = seen.NotCached();
            var found = new SlotState(_states[slot].CompareExchange(wanted.Value, seen.Value));
            if (found == seen) return wanted;
            seen = found;
        }
    }

    private void Free(uint slot)
    {
        Device.Discard(IndexOf(slot));
        _skips.StoreRelaxed(0);
        Push(slot);
    }

    private void Push(uint slot)
    {
        _slots.Enter();
        _free.Push(slot);
        _slots.Exit();
    }

    private static int IndexOf(uint slot) => (int)slot - 1;
}
