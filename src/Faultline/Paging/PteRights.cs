using Faultline.Areas;
using Faultline.Physical;

namespace Faultline.Paging;

/// <summary>What an area's rights make of a page-table entry.</summary>
internal static class PteRights
{
    /// <summary>Bits of a present, readable entry of <paramref name="area"/>; not writable, clean and new.</summary>
    public static ulong ReadOnly(VmArea area)
    {
        if (!area.HasAny(AreaFlags.AccessMask)) return Pte.UserBit | Pte.ProtNoneBit | Pte.NoExecuteBit;
        ulong bits = Pte.PresentBit | Pte.UserBit;
        return area.Has(AreaFlags.Execute) ? bits : bits | Pte.NoExecuteBit;
    }

    /// <summary>Bits that a write fault adds, so that the access needs no second one.</summary>
    public const ulong Written = Pte.WritableBit | Pte.UseBits;

    /// <summary>
    /// The entry after <c>mprotect</c> to the rights of <paramref name="area"/> (Linux <c>mm/mprotect.c:change_pte_range()</c>): the frame and its
    /// history stay. Writable only where the next write needs no fault: an exclusive anonymous page, or a dirty shared one.
    /// </summary>
    public static Pte Changed(Pte old, VmArea area, bool isNormal, ref FrameInfo frame)
    {
        ulong kept = Pte.FrameMask | Pte.UseBits | Pte.SpecialBit | Pte.UserProtectedBit;
        var changed = new Pte((old.Value & kept) | ReadOnly(area));
        if (!isNormal || !area.Has(AreaFlags.Write)) return changed;
        if (old.IsUserProtected && area.Has(AreaFlags.UserFaultWriteProtect)) return changed;
        bool writable = area.Has(AreaFlags.Shared) ? old.IsDirty : frame.Is(FrameState.Anonymous | FrameState.Exclusive);
        return writable ? changed.With(Pte.WritableBit) : changed;
    }

    /// <summary>True if a translation made from <paramref name="before"/> would allow what <paramref name="after"/> forbids.</summary>
    public static bool LosesRights(Pte before, Pte after) =>
        (before.IsPresent && !after.IsPresent)
        || (before.IsWritable && !after.IsWritable)
        || (before.IsExecutable && !after.IsExecutable);
}
