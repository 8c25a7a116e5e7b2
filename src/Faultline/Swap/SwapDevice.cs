using Faultline.Sync;

namespace Faultline.Swap;

/// <summary>
/// Keeps pages that have no frame. Derive from it to swap to something of your own; <see cref="FileSwapDevice"/> swaps to a file.
/// </summary>
/// <remarks>
/// Pages lie in slots, numbered from 0. The methods are called by several threads at a time, but for one slot only so: a write, again if it was refused, then any
/// number of reads at once, then a discard; nothing else overlaps.
/// </remarks>
public abstract class SwapDevice : IDisposable
{
    /// <summary>Bytes of a page.</summary>
    public const int PageSize = Page.Size;

    /// <summary>Describes the device.</summary>
    /// <param name="name">For people.</param>
    /// <param name="capacityInPages">How many slots it has: 1 to 2²⁸ − 1.</param>
    protected SwapDevice(string name, int capacityInPages)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityInPages, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacityInPages, (int)SwapEntry.MaxSlot);
        Name = name;
        CapacityInPages = capacityInPages;
    }

    // 1 while a memory swaps to it. By compare-and-swap.
    private Word32 _isInUse;

    /// <summary>For people.</summary>
    public string Name { get; }

    /// <summary>Slots.</summary>
    public int CapacityInPages { get; }

    /// <summary>
    /// True if <see cref="Read"/> may take for ever. Faults then have a thread of its own read, so that <see cref="AddressSpace.Kill"/> ends their wait; see
    /// <see cref="Files.VmFile.MayHang"/>. Constant.
    /// </summary>
    public virtual bool MayHang => false;

    /// <summary>Keeps a page; false if there is no room for it now, or the device failed: the page then stays in memory, and is offered again later. To throw is to fail.</summary>
    /// <param name="slot">Holds nothing.</param>
    /// <param name="page"><see cref="PageSize"/> bytes.</param>
    protected internal abstract bool TryWrite(int slot, ReadOnlySpan<byte> page);

    /// <summary>Brings a page back. May wait; the fault that needs the page holds no lock of the address space on the speculative path.</summary>
    /// <param name="slot">Holds a page.</param>
    /// <param name="page"><see cref="PageSize"/> bytes, all to be filled; what they held is unspecified.</param>
    /// <exception cref="IOException">The page is lost; the access gets SIGBUS.</exception>
    protected internal abstract void Read(int slot, Span<byte> page);

    /// <summary>The slot's page, if one was written, is not needed any more. Quick: called under spin locks. Must not throw.</summary>
    protected internal virtual void Discard(int slot)
    {
    }

    /// <summary>One memory takes the device, whose slots it numbers; false if another has it.</summary>
    internal bool TryTake() => _isInUse.CompareExchange(1, 0) == 0;

    /// <summary>Ends <see cref="TryTake"/>: no page is left on it.</summary>
    internal void Leave() => _isInUse.StoreRelease(0);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the device holds. After the memory that used it was disposed of.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
