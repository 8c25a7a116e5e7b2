using System.Runtime.CompilerServices;
using Faultline.Paging;
using Faultline.Sync;

namespace Faultline.Translation;

/// <summary>The software TLB of one accessor: direct-mapped, in the accessor's native block.</summary>
internal readonly unsafe struct Tlb
{
    private const int IndexBits = 8;

    /// <summary>Translations held at most: 1 MiB of guest memory.</summary>
    public const int Entries = 1 << IndexBits;

    public const int SizeInBytes = Entries * TlbEntry.SizeInBytes;

    private readonly TlbEntry* _entries;

    public Tlb(TlbEntry* entries) => _entries = entries;

    /// <summary>The one entry that may translate <paramref name="address"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref TlbEntry At(ulong address) => ref _entries[(address >> Page.Shift) & (Entries - 1)];

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        for (int i = 0; i < Entries; i++) Invalidate(ref _entries[i]);
    }

    /// <summary>Forgets the pages of [start, end). Any thread; the caller fences afterwards and waits for the owner's section.</summary>
    /// <remarks>
    /// A tag that the owner rewrites at the same moment may be lost for another page: it misses once more. The page that is shot down cannot come
    /// back: its entry was cleared before, under the lock that a fill would need, or its generation raised.
    /// </remarks>
    public void Invalidate(ulong start, ulong end)
    {
        if (Page.Count(end - start) >= Entries)
        {
            for (int i = 0; i < Entries; i++) InvalidateIfWithin(ref _entries[i], start, end);
        }
        else
        {
            for (ulong address = start; address < end; address += Page.Size) InvalidateIfWithin(ref At(address), start, end);
        }
    }

    /// <summary>Each tag is looked at by itself: an owner that refills the entry meanwhile may leave them with different pages.</summary>
    private static void InvalidateIfWithin(ref TlbEntry entry, ulong start, ulong end)
    {
        InvalidateIfWithin(ref entry.ReadTag, start, end);
        InvalidateIfWithin(ref entry.WriteTag, start, end);
        InvalidateIfWithin(ref entry.FetchTag, start, end);
    }

    private static void InvalidateIfWithin(ref ulong tag, ulong start, ulong end)
    {
        if (Native.LoadRelaxed(ref tag) - start < end - start) Native.StoreRelaxed(ref tag, TlbEntry.Invalid);
    }

    private static void Invalidate(ref TlbEntry entry)
    {
        Native.StoreRelaxed(ref entry.WriteTag, TlbEntry.Invalid);
        Native.StoreRelaxed(ref entry.FetchTag, TlbEntry.Invalid);
        Native.StoreRelaxed(ref entry.ReadTag, TlbEntry.Invalid);
    }

    /// <summary>
    /// Enters a translation. The owner, inside a section or under the PTE lock; after a lock-free walk the caller fences and re-checks the table's generation.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fill(ulong page, Pte value, byte* frame)
    {
        ref TlbEntry entry = ref At(page);
        Native.StoreRelaxed(ref entry.Addend, (ulong)frame - page);
        Native.StoreRelaxed(ref entry.ReadTag, page);

        // Without D the first write must pass the page table, where it sets D.
        bool writable = (~value.Value & (Pte.WritableBit | Pte.DirtyBit)) == 0;
        Native.StoreRelaxed(ref entry.WriteTag, writable ? page : TlbEntry.Invalid);
        Native.StoreRelaxed(ref entry.FetchTag, value.IsExecutable ? page : TlbEntry.Invalid);
    }

    /// <summary>Forgets one page after a fill that turned out to be outdated. The owner.</summary>
    public void Drop(ulong page) => Invalidate(ref At(page));
}
