using System.Runtime.CompilerServices;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline.Reclaim;

/// <summary>Entries of one page that reclaim took away, perhaps in several spaces, until one shootdown covers them. A mutable struct.</summary>
internal struct ClearedEntries
{
    /// <summary>Mappings taken away in one pass; the rest waits for the next.</summary>
    private const int Most = 16;

    private Shots _shots;

    public int Count { get; private set; }

    public readonly bool IsFull => Count == Most;

    /// <summary>The entry has just been taken away. Under the lock of its table.</summary>
    public void Add(in Mapping mapping)
    {
        // The order of TlbGather.Cleared: generation, full fence, accessors.
        Native.StoreRelaxed(ref mapping.Table.Generation, mapping.Table.Generation + 1);
        Fence.Full();
        _shots[Count++] = new Shot(mapping.Space, mapping.Address, Native.LoadAcquire(ref mapping.Table.Accessors));
    }

    /// <summary>Takes the translations from all accessors, and waits for their sections. Outside PTE locks.</summary>
    public void ShootDown()
    {
        for (int i = 0; i < Count; i++) Shootdown.Invalidate(_shots[i].Space, _shots[i].Accessors, _shots[i].Address, _shots[i].Address + Page.Size);
    }

    private readonly record struct Shot(AddressSpace Space, ulong Address, ulong Accessors);

    [InlineArray(Most)]
    private struct Shots
    {
        private Shot _first;
    }
}
