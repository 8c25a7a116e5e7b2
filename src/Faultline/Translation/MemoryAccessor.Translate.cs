using System.Runtime.CompilerServices;
using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline;

public sealed unsafe partial class MemoryAccessor
{
    /// <summary>
    /// The host address of a guest byte, good until the section ends. Inside a section, and inside one (perhaps a later one) when it returns; if it throws,
    /// the section has been left.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Translate(ulong address, AccessKind kind)
    {
        byte* host = TryTranslate(address, kind);
        return host != null ? host : TranslateMiss(address, kind);
    }

    /// <summary>The host address of a guest byte if the TLB has it, else null. Inside a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* TryTranslate(ulong address, AccessKind kind)
    {
        ref TlbEntry entry = ref Tlb.At(address);
        ulong tag = kind switch
        {
            AccessKind.Read => Native.LoadRelaxed(ref entry.ReadTag),
            AccessKind.Write => Native.LoadRelaxed(ref entry.WriteTag),
            _ => Native.LoadRelaxed(ref entry.FetchTag),
        };
        return tag == Page.Floor(address) ? (byte*)(address + Native.LoadRelaxed(ref entry.Addend)) : null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* TranslateMiss(ulong address, AccessKind kind)
    {
        if (_isDisposed || Space.HasEnded) ThrowEnded(address, kind);
        while (true)
        {
            // One walk serves both: the refill, and the fault if there is nothing to refill from.
            PageWalk walk = address < TableLevel.LowerHalfEnd ? Space.PageTable.Walk(address) : default;
            if (walk.IsComplete && TryRefill(ref walk, Page.Floor(address), kind))
            {
                Counters.Count(FaultEvent.Refill);
            }
            else
            {
                FaultSignal signal = FaultHandler.Handle(this, address, kind, in walk);
                if (signal != FaultSignal.None) throw new MemoryFaultException(signal, address, kind);
            }

            // Gone again only if the page was shot down between the fault's own section and this one.
            byte* host = TryTranslate(address, kind);
            if (host != null) return host;
        }
    }

    /// <summary>Enters a translation from the page table without a lock, as a processor's page walker does. Inside the section of the walk.</summary>
    /// <remarks>
    /// <code>
    ///   refill                               shooter (table lock held)
    ///   load generation                      clear or restrict the entry
    ///   load entry: allows the access        raise generation
    ///   set accessor bit, tags; full fence   full fence
    ///   generation unchanged? else drop      read accessor mask, overwrite tags
    /// </code>
    /// If the shooter missed the accessor bit, then this sees the generation raised.
    /// </remarks>
    private bool TryRefill(ref PageWalk walk, ulong page, AccessKind kind)
    {
        ref FrameInfo table = ref Space.Memory.Info(walk.Table);
        ulong generation = Native.LoadAcquire(ref table.Generation);
        var value = new Pte(Native.LoadAcquire(ref walk.Entry));
        if (!value.Allows(kind) || !TryMarkUsed(ref walk.Entry, ref value, kind)) return false;
        Fill(ref table, page, value);
        Fence.Full();
        if (Native.LoadRelaxed(ref table.Generation) == generation) return true;
        Tlb.Drop(page);
        return false;
    }

    /// <summary>Sets accessed, and for a write dirty, as the hardware would; false if the entry changed.</summary>
    private static bool TryMarkUsed(ref ulong entry, ref Pte value, AccessKind kind)
    {
        Pte used = value.With(kind == AccessKind.Write ? Pte.UseBits : Pte.AccessedBit);
        if (used == value) return true;
        if (Native.CompareExchange(ref entry, used.Value, value.Value) != value.Value) return false;
        value = used;
        return true;
    }

    /// <summary>Enters a translation and lets shooters know. Under the table's lock, or with a generation check afterwards.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Fill(ref FrameInfo table, ulong page, Pte value)
    {
        // Tested first: in a steady state nobody writes the table's line.
        if ((Native.LoadRelaxed(ref table.Accessors) & SlotBit) == 0) Native.Or(ref table.Accessors, SlotBit);
        Tlb.Fill(page, value, Space.Memory.Address(value.Frame));
    }
}
