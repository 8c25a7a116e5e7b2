using System.Numerics;
using Faultline.Sync;

namespace Faultline.Translation;

/// <summary>
/// Takes translations away from accessors: the role of the TLB-flush interrupt. When it returns, no access through an older translation can happen.
/// </summary>
/// <remarks>
/// <code>
///   shooter                                    accessor (write)                accessor (read)
///   clear or restrict entries (PTE lock)       section odd, full fence         load tag: hit
///   raise generation, full fence               load tag: hit                   load data
///   read the table's accessors                 store data                      load barrier
///   overwrite tags, full fence                 section even                    load tag: still there?
///   wait for odd sections of those accessors
/// </code>
/// Either the shooter sees the section odd and waits, or the accessor sees its tag gone: both sides have a full fence between their store and
/// their load. A read is only checked afterwards: the arena is never unmapped, so what it read from a re-used frame is discarded.
/// </remarks>
internal static class Shootdown
{
    /// <summary>
    /// Invalidates the pages of [start, end) in the accessors named by <paramref name="accessors"/> (slots modulo 64) and waits for their sections. Never
    /// inside a section; a PTE lock may be held, since sections only try it.
    /// </summary>
    public static void Invalidate(AddressSpace space, ulong accessors, ulong start, ulong end)
    {
        if (accessors == 0) return;
        MemoryAccessor?[] all = space.Accessors.Snapshot;
        OverwriteTags(all, accessors, start, end);

        // Between the tags above and the sections below; pairs with the exchange that enters a section.
        Fence.Full();
        for (ulong bits = accessors; bits != 0; bits &= bits - 1)
        {
            for (int slot = BitOperations.TrailingZeroCount(bits); slot < all.Length; slot += AccessorSet.MaskBits)
                all[slot]?.WaitForSection();
        }
    }

    /// <summary>
    /// Makes the accessors look at the entry of one page again before long. No fence and no wait: an access may still get through, so nothing may rest on it.
    /// </summary>
    public static void Forget(AddressSpace space, ulong accessors, ulong page)
    {
        if (accessors != 0) OverwriteTags(space.Accessors.Snapshot, accessors, page, page + Page.Size);
    }

    private static void OverwriteTags(MemoryAccessor?[] all, ulong accessors, ulong start, ulong end)
    {
        for (ulong bits = accessors; bits != 0; bits &= bits - 1)
        {
            for (int slot = BitOperations.TrailingZeroCount(bits); slot < all.Length; slot += AccessorSet.MaskBits)
                all[slot]?.Tlb.Invalidate(start, end);
        }
    }

    /// <summary>Waits until every section that is open now has ended. The caller has detached what walkers might still hold.</summary>
    public static void WaitForAllSections(AddressSpace space)
    {
        // Between the detaching stores and the sections; pairs with the exchange that enters a section.
        Fence.Full();
        foreach (MemoryAccessor? accessor in space.Accessors.Snapshot) accessor?.WaitForSection();
    }
}
