using Faultline.Diagnostics;
using Faultline.Paging;
using Faultline.Sync;

namespace Faultline.Faults;

/// <summary>The entry allows the access after all: another thread was faster, or the TLB held older rights.</summary>
internal static class SpuriousFault<TDesign>
    where TDesign : struct, IFaultDesign
{
    public static FaultStep Handle(ref FaultContext fault)
    {
        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;

        // The area allows the access, so an entry that does not is on its way to the area's rights.
        if (!fault.Walk.Value.Allows(fault.Access)) return FaultPipeline<TDesign>.Unlock(ref fault, SpeculationAbort.EntryChanged);
        ulong bits = fault.IsWrite ? PteRights.Written : Pte.AccessedBit;
        Pte value = new Pte(Native.Or(ref fault.Walk.Entry, bits)).With(bits);
        return FaultPipeline<TDesign>.Finish(ref fault, value, FaultEvent.Spurious);
    }
}
