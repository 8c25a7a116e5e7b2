using Faultline.Areas;
using Faultline.Diagnostics;
using Faultline.Paging;
using Faultline.Physical;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline.Faults;

/// <summary>A write to a page that is present but read-only (Linux <c>mm/memory.c:do_wp_page()</c>).</summary>
internal static class CopyOnWriteFault<TDesign>
    where TDesign : struct, IFaultDesign
{
    public static FaultStep Handle(ref FaultContext fault)
    {
        // Asked without the lock only to know what to prepare; the lock's holder asks again.
        bool prepared = !MayReuse(ref fault);
        if (prepared)
        {
            if (fault.Area.AnonVma is null) return FaultStep.NeedAnonVma;
            if (!FaultPipeline<TDesign>.TryTakeFrame(ref fault)) return FaultStep.NeedFrame;
            FaultStep kept = SourceFrame<TDesign>.TryKeep(ref fault);
            if (kept != FaultStep.Continue) return kept;
            CopyContents(ref fault);
        }

        FaultStep step = LockAndWrite(ref fault, prepared);
        SourceFrame<TDesign>.LetGo(ref fault);
        return step;
    }

    private static FaultStep LockAndWrite(ref FaultContext fault, bool prepared)
    {
        FaultStep step = FaultPipeline<TDesign>.Lock(ref fault);
        if (step != FaultStep.Continue) return step;
        if (MayReuse(ref fault)) return Reuse(ref fault);
        return prepared ? Replace(ref fault) : FaultPipeline<TDesign>.Unlock(ref fault, SpeculationAbort.EntryChanged);
    }

    /// <summary>True if the page may be written where it is: shared by intent, exclusive, or with no other holder left.</summary>
    /// <remarks>
    /// Under the lock one reference means that this entry is the only way to the frame: nobody can gain another but through it. That restores
    /// exclusiveness after the other side of a fork has gone (Linux <c>wp_can_reuse_anon_folio()</c>).
    /// </remarks>
    private static bool MayReuse(ref FaultContext fault)
    {
        if (fault.Area.Has(AreaFlags.Shared)) return true;
        if (!IsNormal(ref fault)) return false;
        ref FrameInfo frame = ref fault.Space.Memory.Info(fault.Walk.Value.Frame);
        return frame.Is(FrameState.Anonymous) && (frame.Is(FrameState.Exclusive) || Native.LoadAcquire(ref frame.Refs) == 1);
    }

    /// <summary>Counts only under the table's lock, with the area unchanged: without the special bit it depends on the area's bounds.</summary>
    private static bool IsNormal(ref FaultContext fault) => NormalPage.Is(fault.Space, fault.Area, fault.PageAddress, fault.Walk.Value);

    private static FaultStep Reuse(ref FaultContext fault)
    {
        ref FrameInfo frame = ref fault.Space.Memory.Info(fault.Walk.Value.Frame);
        if (frame.Is(FrameState.Anonymous))
        {
            if (!frame.Is(FrameState.Exclusive)) frame.Set(FrameState.Exclusive);
        }
        else if (!FileFault<TDesign>.TryMarkDirty(ref fault, ref frame))
        {
            return FaultPipeline<TDesign>.UnlockFor(ref fault, FaultStep.NeedWriteNotice);
        }

        Pte value = new Pte(Native.Or(ref fault.Walk.Entry, PteRights.Written)).With(PteRights.Written);
        return FaultPipeline<TDesign>.Finish(ref fault, value, FaultEvent.Reuse);
    }

    /// <summary>
    /// Copies the page, before the lock. The page may be unmapped meanwhile, but its frame stays until the copy is used or dropped: so if the entry under the lock
    /// is the one that was walked, the copy is of the page that it maps.
    /// </summary>
    private static void CopyContents(ref FaultContext fault)
    {
        if (fault.Walk.Value.Frame == PhysicalMemory.ZeroFrame) fault.Space.Memory.Zero(fault.Frame);
        else fault.Space.Memory.Copy(from: fault.Walk.Value.Frame, to: fault.Frame);
    }

    /// <summary>Clear → shoot down → install, all under the lock, so that no accessor reads the old frame after another has written the new one.</summary>
    private static FaultStep Replace(ref FaultContext fault)
    {
        ref FrameInfo table = ref fault.Table;
        bool wasNormal = IsNormal(ref fault);
        var old = new Pte(Native.Exchange(ref fault.Walk.Entry, 0));
        ShootDown(ref fault, ref table);

        PhysicalMemory memory = fault.Space.Memory;
        FrameReferences.BirthAnonymous(ref memory.Info(fault.Frame), fault.Area.PageIndex(fault.Address), fault.Area.AnonVma!.FamilyId);
        Pte value = Pte.ForPage(fault.Frame, PteRights.ReadOnly(fault.Area) | PteRights.Written);
        fault.Frame = PhysicalMemory.NoFrame;

        // Release: whoever finds the frame through the entry sees its contents.
        Native.StoreRelease(ref fault.Walk.Entry, value.Value);
        if (wasNormal) Release(memory, old.Frame);
        return FaultPipeline<TDesign>.Finish(ref fault, value, FaultEvent.Copy);
    }

    /// <summary>Gives up the old entry's hold of its frame, which no accessor can reach any more.</summary>
    private static void Release(PhysicalMemory memory, uint frame)
    {
        ref FrameInfo info = ref memory.Info(frame);
        FrameReferences.RemoveMapping(ref info);
        if (FrameReferences.DropReference(ref info)) memory.Frames.Free(frame);
    }

    /// <summary>
    /// Takes the page from the other accessors. Two faults that did so inside their sections would wait for each other, so the section is left, with the lock
    /// still held: the writer that wants the table waits for the lock.
    /// </summary>
    private static void ShootDown(ref FaultContext fault, ref FrameInfo table)
    {
        // The order of TlbGather.Cleared: generation, full fence, accessors.
        Native.StoreRelaxed(ref table.Generation, table.Generation + 1);
        Fence.Full();
        ulong accessors = Native.LoadAcquire(ref table.Accessors);
#if FAULTLINE_EXPLORE
        if (Mutants.Active == Mutant.SkipShootdownOfCopiedPage) return;
#endif

        // Alone, and the bit is nobody else's too: the own translation is overwritten by the fill that follows.
        if (accessors == 0 || (accessors == fault.Accessor?.SlotBit && fault.Space.Accessors.Snapshot.Length <= AccessorSet.MaskBits)) return;
        if (TDesign.IsSpeculative) fault.Accessor!.LeaveSection();
        Shootdown.Invalidate(fault.Space, accessors, fault.PageAddress, fault.PageAddress + Page.Size);
        if (TDesign.IsSpeculative) fault.Accessor!.EnterSection();
    }
}
