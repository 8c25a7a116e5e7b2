using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Swap;

/// <summary>The swap devices of a memory: <see cref="SwapEntry"/> → slot of a <see cref="SwapArea"/>.</summary>
internal sealed class SwapSpace
{
    private readonly PhysicalMemory _memory;
    private readonly SwapArea[] _areas;

    public SwapSpace(PhysicalMemory memory, IReadOnlyList<SwapDevice> devices)
    {
        ArgumentNullException.ThrowIfNull(devices);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(devices.Count, SwapEntry.MaxDevices);
        if (devices.Contains(null!)) throw new ArgumentException("A swap device is null.", nameof(devices));
        if (devices.Distinct().Count() != devices.Count) throw new ArgumentException("A swap device is listed twice: two pages would share each of its slots.", nameof(devices));
        TakeAll(devices);
        _memory = memory;
        _areas = [.. devices.Select(device => new SwapArea(memory, device))];
        Slots = _areas.Sum(area => (long)area.Device.CapacityInPages);
    }

    /// <summary>Takes all devices or none.</summary>
    private static void TakeAll(IReadOnlyList<SwapDevice> devices)
    {
        for (int i = 0; i < devices.Count; i++)
        {
            if (devices[i].TryTake()) continue;
            for (int taken = 0; taken < i; taken++) devices[taken].Leave();
            throw new ArgumentException($"The swap device {devices[i].Name} serves another PhysicalMemory: two pages would share each of its slots. Dispose of that memory first.", nameof(devices));
        }
    }

    /// <summary>The memory has no page left anywhere: its devices may serve another.</summary>
    public void LeaveDevices()
    {
        foreach (SwapArea area in _areas) area.Device.Leave();
    }

    public bool HasDevices => _areas.Length != 0;

    /// <summary>Slots of all devices, used or free.</summary>
    public long Slots { get; }

    public long FreeSlots => _areas.Sum(area => area.FreeSlots);

    /// <summary>
    /// A slot for a page, which is in the swap cache from here on with a reference of its own; none if all devices are full. Under the page's lock, held by somebody
    /// who holds a reference or the PTE lock of a mapping.
    /// </summary>
    public SwapEntry TryAllocate(uint pfn)
    {
        ref FrameInfo frame = ref _memory.Info(pfn);
        Debug.Assert(frame.Is(FrameState.PageLocked) && !frame.Is(FrameState.SwapCached), "A page that is not cached, under its lock.");
        for (int i = 0; i < _areas.Length; i++)
        {
            // Before the cache names the frame: whoever finds it there takes one more.
            _memory.AddReference(pfn);
            uint slot = _areas[i].TryAllocate(pfn);
            if (slot == 0)
            {
                _memory.DropReference(pfn);
                continue;
            }

            var entry = new SwapEntry(i, slot);
            frame.SwapEntry = entry.Value;
            frame.Set(FrameState.SwapCached);
            return entry;
        }

        return SwapEntry.None;
    }

    /// <summary>A slot that the caller holds, for a page of a file that is nothing but its cache; none if all devices are full. See <see cref="SwapArea.TryAllocateHeld"/>.</summary>
    public SwapEntry TryAllocateHeld()
    {
        for (int i = 0; i < _areas.Length; i++)
        {
            uint slot = _areas[i].TryAllocateHeld();
            if (slot != 0) return new SwapEntry(i, slot);
        }

        return SwapEntry.None;
    }

    /// <inheritdoc cref="SwapArea.GiveBack"/>
    public void GiveBack(SwapEntry entry) => AreaOf(entry).GiveBack(entry.Slot);

    /// <summary>One more page-table entry names the slot: by whoever knows one under its PTE lock, or has just allocated the slot.</summary>
    public void AddHolder(SwapEntry entry) => AreaOf(entry).AddHolder(entry.Slot);

    /// <summary>A page-table entry, a file's cache, or a reader, lets go. Under a PTE lock, or outside sections.</summary>
    public void DropHolder(SwapEntry entry) => AreaOf(entry).DropHolder(entry.Slot);

    /// <summary>
    /// Holds a slot to read it; false if no entry names it any more. While it is held its number cannot go to another page, so an entry that still names it, or names
    /// it <em>again</em>, means the page that is read now.
    /// </summary>
    public bool TryHold(SwapEntry entry) => AreaOf(entry).TryAddHolder(entry.Slot);

    /// <summary>How many page-table entries and readers hold the slot; under the PTE lock of one of them at least that one.</summary>
    public uint Holders(SwapEntry entry) => AreaOf(entry).Holders(entry.Slot);

    /// <summary>
    /// Copies the page into a frame that the caller owns: from the swap cache if it is on its way out, else from the device. The caller holds the slot, and neither a
    /// section nor a spin lock.
    /// </summary>
    /// <exception cref="IOException">The page is lost.</exception>
    public void Read(SwapEntry entry, uint pfn)
    {
        SwapArea area = AreaOf(entry);
        uint cached = area.TryGet(entry.Slot);
        if (cached == PhysicalMemory.NoFrame)
        {
            area.Read(entry.Slot, pfn);
            return;
        }

        // Until the shootdown is done somebody may still write to it. Afterwards nobody does while we hold the frame, also when the cache has forgotten it.
        var backoff = new Backoff();
        while (IsBeingUnmapped(cached)) backoff.Wait();
        _memory.Copy(from: cached, to: pfn);
        _memory.Release(cached);
    }

    /// <summary>A read of the page may take for ever.</summary>
    public bool MayHang(SwapEntry entry) => AreaOf(entry).Device.MayHang;

    /// <summary>The frame of the entry's cached page with a reference for the caller; 0 if there is none.</summary>
    public uint TryGet(SwapEntry entry) => AreaOf(entry).TryGet(entry.Slot);

    /// <inheritdoc cref="SwapArea.TryWrite"/>
    public bool TryWrite(SwapEntry entry, uint pfn) => AreaOf(entry).TryWrite(entry.Slot, pfn);

    /// <inheritdoc cref="SwapArea.Forget"/>
    public void Forget(SwapEntry entry, uint pfn) => AreaOf(entry).Forget(entry.Slot, pfn);

    /// <inheritdoc cref="SwapArea.Unlock"/>
    public void Unlock(SwapEntry entry, uint pfn) => AreaOf(entry).Unlock(entry.Slot, pfn);

    // Acquire: pairs with the atomic Or that sets UpToDate, and the And that clears both.
    private bool IsBeingUnmapped(uint cached) =>
        ((FrameState)Native.LoadAcquire(ref _memory.Info(cached).StateWord) & (FrameState.SwapCached | FrameState.UpToDate)) == FrameState.SwapCached;

    private SwapArea AreaOf(SwapEntry entry)
    {
        Debug.Assert(!entry.IsNone, "Every slot has an entry that is not zero.");
        return _areas[entry.Device];
    }
}
