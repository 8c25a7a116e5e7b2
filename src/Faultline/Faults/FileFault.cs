using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Faults;

/// <summary>First touch of a mapped object (Linux <c>mm/memory.c:do_fault()</c>): its cached page is mapped, or copied if a private area is written.</summary>
/// <remarks>
/// <para>No reference is taken to the file or, before the table's lock, to the frame. What keeps both is the look <em>under</em> the lock: the area is unchanged,
/// so it still holds the file; and the cache still has the page.</para>
/// <code>
///   fault                                  last unmap, truncation, or reclaim
///   find area: even; page in cache: F
///                                          area odd, or F out of the cache; full fence
///                                          table lock: zap, unlock
///                                          shoot down; let F go; F serves somebody else
///   table lock
///   area unchanged? page in cache: F?      without this F would be mapped here
///   one more reference for the entry
/// </code>
/// <para>Reclaim does not take F out at once: the page is not up to date first, which the look finds too (<see cref="Files.PageCache.TryPageOut"/>). Had the fault taken the lock first, the zap would have found its entry, and F would have gone after that entry's shootdown. So nobody has to wait for
/// the walkers that only <em>looked</em>: they drop what they found. A copy made before the lock may be of a frame in other hands, and is dropped likewise.</para>
/// </remarks>
internal static class FileFault<TDesign>
    where TDesign : struct, IFaultDesign
{
    public static FaultStep Handle(ref FaultContext fault) =>
        fault.IsWrite && !fault.Area.Has(AreaFlags.Shared) ? MapCopy(ref fault) : MapCached(ref fault);

    private static bool TryLookup(ref FaultContext fault, out uint pfn) =>
        fault.Area.File!.Cache.TryLookup(fault.Area.PageIndex(fault.Address), out pfn);

    private static FaultStep MapCached(ref FaultContext fault)
    {
        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;
        if (!TryLookup(ref fault, out uint pfn))
        {
            // Neighbours come first, as on Linux: they stay mapped if the page itself cannot be had, beyond the file's end for instance.
            if (!fault.IsWrite) FaultAround.Map(ref fault, PteRights.ReadOnly(fault.Area) | Pte.AccessedBit);
            return FaultPipeline<TDesign>.UnlockFor(ref fault, FaultStep.NeedFilePage);
        }

        ref FrameInfo frame = ref fault.Space.Memory.Info(pfn);
        if (fault.IsWrite && !TryMarkDirty(ref fault, ref frame)) return FaultPipeline<TDesign>.UnlockFor(ref fault, FaultStep.NeedWriteNotice);
        FrameReferences.AddMapping(ref frame);
        ulong bits = PteRights.ReadOnly(fault.Area) | (fault.IsWrite ? PteRights.Written : Pte.AccessedBit);
        if (!fault.IsWrite) FaultAround.Map(ref fault, bits);
        return FaultPipeline<TDesign>.Install(ref fault, Pte.ForPage(pfn, bits), FaultEvent.FilePage);
    }

    /// <summary>
    /// A cached page is about to become writable in a shared area, under the table's lock: marks it dirty if its file cares. False if the file must be told before.
    /// </summary>
    public static bool TryMarkDirty(ref FaultContext fault, ref FrameInfo frame)
    {
        if (!fault.Area.TracksWrites || frame.Is(FrameState.Dirty)) return true;
        if (fault.Area.NotifiesWrites) return false;

        // A full fence: see PageCache.WriteBack.
        frame.Set(FrameState.Dirty);
        return true;
    }

    private static FaultStep MapCopy(ref FaultContext fault)
    {
        if (fault.Area.AnonVma is null) return FaultStep.NeedAnonVma;
        ulong removals = fault.Area.File!.Cache.Removals;
        if (!TryLookup(ref fault, out uint source)) return FaultStep.NeedFilePage;
        if (!FaultPipeline<TDesign>.TryTakeFrame(ref fault)) return FaultStep.NeedFrame;
        PhysicalMemory memory = fault.Space.Memory;
        memory.Copy(from: source, to: fault.Frame);

        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;

        // Both: the page may have gone, and may have come back in the same frame with other contents.
        if (!TryLookup(ref fault, out uint still) || still != source || fault.Area.File!.Cache.Removals != removals)
            return FaultPipeline<TDesign>.Unlock(ref fault, SpeculationAbort.EntryChanged);
        FrameReferences.BirthAnonymous(ref memory.Info(fault.Frame), fault.Area.PageIndex(fault.Address), fault.Area.AnonVma!.FamilyId);
        Pte value = Pte.ForPage(fault.Frame, PteRights.ReadOnly(fault.Area) | PteRights.Written);
        fault.Frame = PhysicalMemory.NoFrame;
        return FaultPipeline<TDesign>.Install(ref fault, value, FaultEvent.Copy);
    }
}
