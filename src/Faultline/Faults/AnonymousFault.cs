using System.Runtime.CompilerServices;
using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Faults;

/// <summary>First touch of private anonymous memory (Linux <c>mm/memory.c:do_anonymous_page()</c>).</summary>
internal static class AnonymousFault<TDesign>
    where TDesign : struct, IFaultDesign
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FaultStep Handle(ref FaultContext fault)
    {
        if (fault.Area.HasAny(AreaFlags.UserFaultMissing)) return FaultPipeline<TDesign>.LeaveToUser(ref fault);
        return fault.IsWrite || !fault.Space.Options.HasZeroPage ? MapNewPage(ref fault) : MapZeroPage(ref fault);
    }

    /// <summary>A read finds the shared frame of zeroes; special, since no count is kept of its mappings.</summary>
    private static FaultStep MapZeroPage(ref FaultContext fault)
    {
        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;
        Pte value = Pte.ForPage(PhysicalMemory.ZeroFrame, PteRights.ReadOnly(fault.Area) | NormalPage.RawBit(fault.Space) | Pte.AccessedBit);
        return FaultPipeline<TDesign>.Install(ref fault, value, FaultEvent.ZeroPage);
    }

    private static FaultStep MapNewPage(ref FaultContext fault)
    {
        // The reverse map first: a page without one could not be found again.
        if (fault.Area.AnonVma is null) return FaultStep.NeedAnonVma;
        if (!FaultPipeline<TDesign>.TryTakeFrame(ref fault)) return FaultStep.NeedFrame;
        PhysicalMemory memory = fault.Space.Memory;
        if (fault.Accessor is null) memory.ZeroAhead(fault.Frame);
        else memory.Zero(fault.Frame);

        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;
        FrameReferences.BirthAnonymous(ref memory.Info(fault.Frame), fault.Area.PageIndex(fault.Address), fault.Area.AnonVma!.FamilyId);
        ulong use = fault.IsWrite || fault.Area.Has(AreaFlags.Write) ? PteRights.Written : Pte.AccessedBit;
        Pte value = Pte.ForPage(fault.Frame, PteRights.ReadOnly(fault.Area) | use);
        fault.Frame = PhysicalMemory.NoFrame;
        return FaultPipeline<TDesign>.Install(ref fault, value, FaultEvent.NewPage);
    }
}
