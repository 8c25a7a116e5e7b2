using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Faults;

/// <summary>First touch of a mapped object (Linux <c>mm/memory.c:do_fault()</c>): its cached page is mapped, or copied if a private area is written.</summary>
internal static class FileFault<TDesign>
    where TDesign : struct, IFaultDesign
{
    public static FaultStep Handle(ref FaultContext fault)
    {
        if (fault.CachedFrame == PhysicalMemory.NoFrame) return FaultStep.NeedFilePage;
        return fault.IsWrite && !fault.Area.Has(AreaFlags.Shared) ? MapCopy(ref fault) : MapCached(ref fault);
    }

    private static FaultStep MapCached(ref FaultContext fault)
    {
        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;
        ulong bits = PteRights.ReadOnly(fault.Area) | (fault.IsWrite ? PteRights.Written : Pte.AccessedBit);
        Pte value = Pte.ForPage(fault.CachedFrame, bits);

        // The reference that the look-up took becomes the entry's.
        FrameReferences.TurnReferenceIntoMapping(ref fault.Space.Memory.Info(fault.CachedFrame));
        fault.CachedFrame = PhysicalMemory.NoFrame;
        return FaultPipeline<TDesign>.Install(ref fault, value, FaultEvent.FilePage);
    }

    private static FaultStep MapCopy(ref FaultContext fault)
    {
        if (fault.Area.AnonVma is null) return FaultStep.NeedAnonVma;
        if (!FaultPipeline<TDesign>.TryTakeFrame(ref fault)) return FaultStep.NeedFrame;
        PhysicalMemory memory = fault.Space.Memory;
        memory.Copy(from: fault.CachedFrame, to: fault.Frame);

        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;
        FrameReferences.BirthAnonymous(ref memory.Info(fault.Frame), fault.Area.PageIndex(fault.Address));
        Pte value = Pte.ForPage(fault.Frame, PteRights.ReadOnly(fault.Area) | PteRights.Written);
        fault.Frame = PhysicalMemory.NoFrame;
        return FaultPipeline<TDesign>.Install(ref fault, value, FaultEvent.Copy);
    }
}
