using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Physical;
using Faultline.Translation;

namespace Faultline;

/// <summary>
/// A virtual CPU: typed access to the guest memory of one <see cref="AddressSpace"/> through a software TLB. A miss walks the page tables; what is
/// not there is faulted in, as by Linux.
/// </summary>
/// <remarks>
/// <para>One accessor serves one thread at a time; create one for each thread. It carries everything that a fault needs: translations, recent
/// areas, free frames and counters.</para>
/// <para>Accesses that Linux would answer with a signal throw <see cref="MemoryFaultException"/>. Alignment is free, as on x86-64; an access that
/// crosses pages is done a page at a time.</para>
/// </remarks>
public sealed unsafe partial class MemoryAccessor : IDisposable
{
    private readonly NativeBlock _memory;
    private readonly AccessorBlock* _block;

    internal MemoryAccessor(AddressSpace space)
    {
        Space = space;
        _memory = new NativeBlock(AccessorBlock.SizeInBytes, NativeBlock.CacheLine);
        _block = (AccessorBlock*)_memory.Start;
        Tlb.Clear();
        Frames = new FrameMagazine(space.Memory, &_block->Section, space.Options.MemoryGroup);
        Slot = space.Accessors.Add(this);
        SlotBit = 1UL << (Slot % AccessorSet.MaskBits);
    }

    /// <summary>The address space whose memory this accessor reads and writes.</summary>
    public AddressSpace Space { get; }

    internal int Slot { get; }

    /// <summary>This accessor's bit in a table's mask.</summary>
    internal ulong SlotBit { get; }

    /// <summary>Computed, not kept: an access then needs one base register for the section word and the entries.</summary>
    internal Tlb Tlb => new(&_block->FirstEntry);

    internal FrameMagazine Frames { get; }

    internal AreaCache Areas { get; } = new();

    internal FaultCounters Counters { get; } = new();

    /// <summary>Gives translations, frames and the slot back. Not while the accessor is in use. Idempotent.</summary>
    /// <exception cref="InvalidOperationException">The accessor has a session open: nobody would wait for what its spans show any more.</exception>
    public void Dispose()
    {
        if (_isDisposed) return;
        if (IsInSection) ThrowNested();
        _isDisposed = true;

        // A use after this misses, and the slow path finds out why. The block itself stays until nobody refers to the accessor.
        Tlb.Clear();
        Frames.Dispose();
        Space.Accessors.Remove(Slot);
    }

    // The owner's.
    private bool _isDisposed;

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ObjectDisposedException.ThrowIf(Space.IsDisposed, Space);
    }

    /// <summary>Inside a section, which it leaves: the space's tables are freed once no section is open.</summary>
    private void ThrowEnded(ulong address, AccessKind access)
    {
        LeaveSection();
        ThrowIfUnusable();
        throw new MemoryFaultException(FaultSignal.Killed, address, access);
    }
}
