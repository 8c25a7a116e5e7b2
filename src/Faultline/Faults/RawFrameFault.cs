using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Files;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Faults;

/// <summary>
/// First touch of a device's memory (Linux <c>vmf_insert_pfn()</c>, <c>vmf_insert_mixed()</c>): its raw frame is mapped uncounted, or copied if a private area is
/// written. A device never waits, so this always stays speculative.
/// </summary>
internal static class RawFrameFault<TDesign>
    where TDesign : struct, IFaultDesign
{
    public static FaultStep Handle(ref FaultContext fault)
    {
        var device = (DeviceMemory)fault.Area.File!;

        // Ordinary pages of a mixed map, and what lies beyond the end.
        if (!device.TryGetRaw(fault.Area.PageIndex(fault.Address), out uint pfn)) return FileFault<TDesign>.Handle(ref fault);
        return fault.IsWrite && !fault.Area.Has(AreaFlags.Shared) ? MapCopy(ref fault, pfn) : MapRaw(ref fault, pfn);
    }

    private static FaultStep MapRaw(ref FaultContext fault, uint pfn)
    {
        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;
        ulong bits = PteRights.ReadOnly(fault.Area) | NormalPage.RawBit(fault.Space) | (fault.IsWrite ? PteRights.Written : Pte.AccessedBit);
        return FaultPipeline<TDesign>.Install(ref fault, Pte.ForPage(pfn, bits), FaultEvent.RawFrame);
    }

    /// <summary>Reads a frame that nothing but the area keeps: if the device has gone meanwhile, so has the area, and the copy is not used.</summary>
    private static FaultStep MapCopy(ref FaultContext fault, uint pfn)
    {
        if (fault.Area.AnonVma is null) return FaultStep.NeedAnonVma;
        if (!FaultPipeline<TDesign>.TryTakeFrame(ref fault)) return FaultStep.NeedFrame;
        PhysicalMemory memory = fault.Space.Memory;
        memory.Copy(from: pfn, to: fault.Frame);

        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;
        FrameReferences.BirthAnonymous(ref memory.Info(fault.Frame), fault.Area.PageIndex(fault.Address), fault.Area.AnonVma!.FamilyId);
        Pte value = Pte.ForPage(fault.Frame, PteRights.ReadOnly(fault.Area) | PteRights.Written);
        fault.Frame = PhysicalMemory.NoFrame;
        return FaultPipeline<TDesign>.Install(ref fault, value, FaultEvent.Copy);
    }
}
