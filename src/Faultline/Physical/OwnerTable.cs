using System.Diagnostics;
using Faultline.Sync;

namespace Faultline.Physical;

/// <summary>
/// Numbers for managed objects that native memory refers to: native memory can hold no reference, and a number whose object has gone must
/// not lead to another object.
/// </summary>
/// <remarks>
/// <code>
///        31                  22 21                                     0
///        +---------------------+---------------------------------------+
///        |     generation      |                 slot                  |      0: no owner
///        +---------------------+---------------------------------------+
/// </code>
/// A slot is used again only after <c>rest</c> other slots became free, so with 1,024 the same number comes back after a million removals at
/// the earliest. Look-ups take no lock.
/// </remarks>
internal sealed class OwnerTable(int rest = 1024)
{
    private const int SlotBits = 22;
    private const uint SlotMask = (1u << SlotBits) - 1;
    private const uint OneGeneration = 1u << SlotBits;

    private const int ChunkBits = 10;
    private const int SlotsPerChunk = 1 << ChunkBits;

    // Guards additions and removals.
    private SpinGate _gate = new(LockRank.Owners);
    private readonly Queue<uint> _free = [];
    private uint _next = 1;

    // Chunks are published once, by a release store, and stay.
    private readonly Ref<Slot[]?>[] _chunks = new Ref<Slot[]?>[1 << (SlotBits - ChunkBits)];

    /// <summary>Gives <paramref name="owner"/> a number. The table keeps it alive until <see cref="Remove"/>.</summary>
    /// <exception cref="InvalidOperationException">Four million owners exist.</exception>
    public uint Add(object owner)
    {
        _gate.Enter();
        try
        {
            uint id = _free.Count > rest || (_next > SlotMask && _free.Count > 0) ? _free.Dequeue() + OneGeneration : NewSlot();
            ref Slot slot = ref Find(id)![id & (SlotsPerChunk - 1)];

            // Release: a reader that finds this owner also finds that the slot's last number is gone.
            slot.Owner.StoreRelease(owner);

            // Release: a reader that finds the number finds the owner.
            slot.Id.StoreRelease(id);
            return id;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>The object with the number, if it has not been removed. Any thread, without a lock.</summary>
    public bool TryGet(uint id, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out object? owner)
    {
        owner = null;
        if (id == 0 || Find(id) is not { } chunk) return false;
        ref Slot slot = ref chunk[id & (SlotsPerChunk - 1)];

        // Both acquire: pair with the release stores in Add. The second look finds a slot that was given away in between.
        if (slot.Id.LoadAcquire() != id) return false;
        owner = slot.Owner.LoadAcquire();
        if (slot.Id.LoadRelaxed() != id) owner = null;
        return owner is not null;
    }

    /// <summary>Takes the number back: it leads nowhere from here on.</summary>
    public void Remove(uint id)
    {
        _gate.Enter();
        ref Slot slot = ref Find(id)![id & (SlotsPerChunk - 1)];
        Debug.Assert(slot.Id.LoadRelaxed() == id, "Only an owner in the table can be removed.");
        slot.Id.StoreRelaxed(0);
        slot.Owner.StoreRelease(null);
        _free.Enqueue(id);
        _gate.Exit();
    }

    private uint NewSlot()
    {
        if (_next > SlotMask) throw new InvalidOperationException("There are too many owners of pages.");
        ref Ref<Slot[]?> chunk = ref _chunks[_next >> ChunkBits];
        if (chunk.LoadRelaxed() is null) chunk.StoreRelease(new Slot[SlotsPerChunk]);
        return _next++;
    }

    private Slot[]? Find(uint id) => _chunks[(id & SlotMask) >> ChunkBits].LoadAcquire();

    private struct Slot
    {
        // 0, or the number that leads here. Written under the gate.
        public Word32 Id;

        // Written under the gate, before Id when it comes and after Id when it goes.
        public Ref<object?> Owner;
    }
}
