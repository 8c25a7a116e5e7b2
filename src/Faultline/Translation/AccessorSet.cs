using Faultline.Diagnostics;
using Faultline.Sync;

namespace Faultline.Translation;

/// <summary>The accessors of one space, by slot. A table names them by slot modulo 64.</summary>
internal sealed class AccessorSet
{
    /// <summary>Bits in a table's accessor mask: slots that are equal modulo this share one.</summary>
    public const int MaskBits = 64;

    // Published by release stores under _gate; an array is never changed once published.
    private Ref<MemoryAccessor?[]> _bySlot = new([]);

    // Counts of accessors that are gone. Guarded by _gate.
    private readonly FaultCounters _retired = new();

    // Written under _gate, read without it by the single-thread short-cut, which may be a moment late.
    private Word32 _count;

    private SpinGate _gate = new(LockRank.Accessors);

    /// <summary>The accessors now; slots that are free hold null. Acquire: an accessor's block is visible with it.</summary>
    public MemoryAccessor?[] Snapshot => _bySlot.LoadAcquire();

    /// <summary>How many accessors exist.</summary>
    public int Count => (int)_count.LoadRelaxed();

    /// <summary>Publishes <paramref name="accessor"/> in a free slot and returns it.</summary>
    public int Add(MemoryAccessor accessor)
    {
        _gate.Enter();
        MemoryAccessor?[] old = _bySlot.LoadRelaxed();
        int slot = Array.IndexOf(old, null);
        if (slot < 0) slot = old.Length;
        var grown = new MemoryAccessor?[Math.Max(old.Length, slot + 1)];
        old.CopyTo(grown, 0);
        grown[slot] = accessor;
        _bySlot.StoreRelease(grown);
        _count.StoreRelaxed(_count.LoadRelaxed() + 1);
        _gate.Exit();
        return slot;
    }

    /// <summary>
    /// Takes an accessor out and keeps its counts. Its bits stay in the tables' masks: they then cost a look at an empty slot, or at the slot's next accessor.
    /// </summary>
    public void Remove(int slot)
    {
        _gate.Enter();
        MemoryAccessor?[] old = _bySlot.LoadRelaxed();
        _retired.Add(old[slot]!.Counters);
        var copy = (MemoryAccessor?[])old.Clone();
        copy[slot] = null;
        _bySlot.StoreRelease(copy);
        _count.StoreRelaxed(_count.LoadRelaxed() - 1);
        _gate.Exit();
    }

    /// <summary>The sum of all counters, those of accessors that are gone included.</summary>
    public FaultCounters Sum()
    {
        var sum = new FaultCounters();
        _gate.Enter();
        sum.Add(_retired);
        foreach (MemoryAccessor? accessor in _bySlot.LoadRelaxed())
        {
            if (accessor is not null) sum.Add(accessor.Counters);
        }

        _gate.Exit();
        return sum;
    }
}
