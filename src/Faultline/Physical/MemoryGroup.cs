using Faultline.Sync;

namespace Faultline.Physical;

/// <summary>
/// A limit on the frames of one address space, or of several together (Linux's memory control group, <c>memory.max</c>). Give it to
/// <see cref="AddressSpaceOptions.MemoryGroup"/>; a forked child stays in its parent's group.
/// </summary>
/// <remarks>
/// <para>Charged are private pages, page tables, pages of shared anonymous memory, and the frames that accessors hold ready. A page stays charged to whoever took it,
/// also while only a forked child of another group still maps it. Not charged: pages of files and devices, which belong to no space.</para>
/// <para>At the limit accessors of the group first give back what they hold ready, and private pages and pages of shared anonymous memory of the group go to a swap device, if the memory has one. Then faults end in <see cref="FaultSignal.OutOfMemory"/> and calls in ENOMEM, as if
/// memory were exhausted; nothing is killed, and what frees memory helps at once.</para>
/// <para>All members may be called by any thread. Dispose it after the address spaces that use it.</para>
/// </remarks>
public sealed class MemoryGroup : IDisposable
{
    // Frames charged. Atomic; the limit is checked in the compare-and-swap that raises it, so it is never exceeded.
    private Word64 _used;

    // Requests that got nothing. Atomic.
    private Word64 _refusals;

    private Word32 _disposed;

    /// <summary>Makes an empty group.</summary>
    /// <param name="memory">Where the frames are.</param>
    /// <param name="limitInFrames">Frames that may be charged at a time, at least 1; a space needs one for its root page table.</param>
    public MemoryGroup(PhysicalMemory memory, long limitInFrames)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentOutOfRangeException.ThrowIfLessThan(limitInFrames, 1);
        Memory = memory;
        LimitInFrames = limitInFrames;
        Id = memory.Owners.Add(this);
        memory.StartCharging();
    }

    /// <summary>Frames that may be charged at a time.</summary>
    public long LimitInFrames { get; }

    /// <summary>Frames charged now (Linux <c>memory.current</c>).</summary>
    public long UsedFrames => (long)_used.LoadRelaxed();

    /// <summary>Requests for frames that the limit refused (Linux <c>memory.events</c>, <c>max</c>).</summary>
    public long Refusals => (long)_refusals.LoadRelaxed();

    internal PhysicalMemory Memory { get; }

    /// <summary>The group's number in the frames' charges.</summary>
    internal uint Id { get; }

    // Where the clock is that reclaims the group's own pages, as in Reclaim.Reclaimer. Atomic.
    internal Word64 ReclaimHand;

    internal bool IsFull => UsedFrames >= LimitInFrames;

    /// <summary>Forgets the group: frames that are still charged to it are nobody's from here on.</summary>
    public void Dispose()
    {
        if (_disposed.Exchange(1) == 0) Memory.Owners.Remove(Id);
    }

    /// <summary>Charges up to <paramref name="wanted"/> frames; returns how many.</summary>
    internal int Charge(int wanted)
    {
        ulong seen = _used.LoadRelaxed();
        while (true)
        {
            int granted = (int)Math.Min((ulong)wanted, (ulong)LimitInFrames - seen);
            if (granted == 0) return 0;
            ulong found = _used.CompareExchange(seen + (ulong)granted, seen);
            if (found == seen) return granted;
            seen = found;
        }
    }

    /// <summary>Gives charged frames back.</summary>
    internal void Uncharge(int frames) => _used.Add(-frames);

    internal void CountRefusal() => _refusals.Add(1);
}
