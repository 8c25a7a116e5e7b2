using System.Diagnostics;
using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Swap;
using Faultline.Sync;

namespace Faultline.Faults;

/// <summary>A page that is on a swap device comes back (Linux <c>mm/memory.c:do_swap_page()</c>), into a frame of the fault's own.</summary>
/// <remarks>
/// <para>The page is read outside the section, under no lock but a hold of its slot, and mapped by a later pass. What that pass must exclude is that the same entry means
/// another page by then:</para>
/// <code>
///   fault                                  another thread of the space
///   entry: slot 7; read slot 7
///                                          fault on the same page: mapped, slot 7 freed
///                                          writes to the page
///                                          page swapped out again: entry: slot 7
///   table lock; entry: slot 7? yes:
///   maps what it read: the write is lost   (without the hold; Linux had this until 6.8)
/// </code>
/// <para>As long as the slot is held its number is given to no other page, and its contents are written once. So an entry that names it under the lock means what
/// was read.</para>
/// <para>Only this one page is read. Linux reads its neighbours ahead, in bounds that it takes from the area before anything is validated: v12 died of that (its patch 23).</para>
/// </remarks>
internal static class SwapFault<TDesign>
    where TDesign : struct, IFaultDesign
{
    public static FaultStep Handle(ref FaultContext fault)
    {
        SwapEntry slot = SwapEntry.Of(fault.Walk.Value);
        if (fault.SwappedFrame == PhysicalMemory.NoFrame || fault.HeldSlot != slot) return FaultStep.NeedSwappedPage;

        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;
        Debug.Assert(fault.Area.AnonVma is not null, "A page was born under an AnonVma, and left it only to a device.");
        PhysicalMemory memory = fault.Space.Memory;
        FrameReferences.BirthAnonymous(ref memory.Info(fault.SwappedFrame), fault.Area.PageIndex(fault.Address), fault.Area.AnonVma!.FamilyId);

        // The page has no other copy from here on: dirty even if it is only read. Writable where the area is, since it is nobody else's.
        ulong rights = PteRights.ReadOnly(fault.Area) | Pte.UseBits;
        if (fault.Walk.Value.IsUserProtected && fault.Area.Has(AreaFlags.UserFaultWriteProtect)) rights |= Pte.UserProtectedBit;
        else if (fault.Area.Has(AreaFlags.Write)) rights |= Pte.WritableBit;
        Pte value = Pte.ForPage(fault.SwappedFrame, rights);
        fault.SwappedFrame = PhysicalMemory.NoFrame;

        // Release: whoever finds the frame through the entry sees its contents.
        Native.StoreRelease(ref fault.Walk.Entry, value.Value);

        // The entry's hold. Ours is left, so that nothing is freed inside the section.
        memory.Swap.DropHolder(slot);
        return FaultPipeline<TDesign>.Finish(ref fault, value, FaultEvent.SwapIn);
    }
}
