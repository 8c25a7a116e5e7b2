using Faultline.Areas;
using Faultline.Locking;
using Faultline.Paging;

namespace Faultline;

/// <content><c>mprotect</c>.</content>
public sealed partial class AddressSpace
{
    // PROT_SEM: accepted and without effect.
    private const Protection ProtectionSemaphore = (Protection)8;

    // PROT_GROWSUP: for stacks that grow upwards, which x86-64 has not.
    private const Protection ProtectionGrowsUp = (Protection)0x0200_0000;

    /// <summary>Changes the rights of a range; see <see cref="TryProtect"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public void Protect(ulong address, ulong length, Protection protection) =>
        ThrowIfFailed("mprotect", TryProtect(address, length, protection));

    /// <summary>
    /// Changes the rights of a range (<c>mprotect</c>; Linux <c>mm/mprotect.c:do_mprotect_pkey()</c>). After it returns no access by the older rights can happen.
    /// </summary>
    /// <param name="address">Page-aligned.</param>
    /// <param name="length">In bytes, rounded up to whole pages; 0 does nothing.</param>
    /// <param name="protection">The new rights; with <see cref="Protection.GrowsDown"/> from the start of the stack area that holds the address.</param>
    /// <returns>
    /// EINVAL: unaligned, unknown bits, or GrowsDown for an area that does not. ENOMEM: a hole, the range wraps, the map count, RLIMIT_DATA or overcommit.
    /// EACCES: an area may not get the rights. After ENOMEM and EACCES what lies before the obstacle has its new rights, as on Linux.
    /// </returns>
    public Errno TryProtect(ulong address, ulong length, Protection protection)
    {
        EnterCall();
        Protection grows = protection & (Protection.GrowsDown | ProtectionGrowsUp);
        protection &= ~grows;
        if (grows == (Protection.GrowsDown | ProtectionGrowsUp)) return Errno.EINVAL;
        if (!Page.IsAligned(address)) return Errno.EINVAL;
        if (length == 0) return Errno.None;
        ulong end = address + Page.Ceiling(length);
        if (end <= address) return Errno.ENOMEM;
        if ((protection & ~(Protection.Read | Protection.Write | Protection.Execute | ProtectionSemaphore)) != 0) return Errno.EINVAL;

        AreaFlags rights = FlagsOf(protection);
        if (grows == 0 && HasRights(address, end, rights)) return Errno.None;
        List<(ulong Start, ulong End)>? toPopulate = null;
        Errno error;
        for (WriterHold hold = EnterForProtect(address, end, rights, mayRefine: grows == 0); ; hold = EnterWriteWhole(LockUser.Protect))
        {
            try
            {
                if (hold.IsKilled) return Errno.EINTR;
                error = ProtectLocked(address, end, rights, grows, hold.Change, ref toPopulate);
                if (!hold.IsRefusal(error)) break;
            }
            finally
            {
                hold.Exit();
            }
        }

        foreach ((ulong from, ulong to) in toPopulate ?? []) Populate(from, to, ignoreErrors: true);
        return error;
    }

    private Errno ProtectLocked(ulong start, ulong end, AreaFlags rights, Protection grows, AreaChange change, ref List<(ulong Start, ulong End)>? toPopulate)
    {
        if (Areas.FindFirstEndingAfter(start) is not { } area || area.Start >= end) return Errno.ENOMEM;
        if (grows == Protection.GrowsDown)
        {
            start = area.Start;
            if (!area.Has(AreaFlags.GrowsDown)) return Errno.EINVAL;
        }
        else
        {
            if (area.Start > start) return Errno.ENOMEM;
            if (grows == ProtectionGrowsUp) return Errno.EINVAL;
        }

        // Area by area, as Linux: what merged with the area before is not looked at again.
        while (true)
        {
            ulong stop = Math.Min(area.End, end);
            AreaFlags flags = (area.Flags & ~AreaFlags.AccessMask) | rights;
            if ((flags & AreaFlags.AccessMask & ~MayBitsAsRights(flags)) != 0) return Errno.EACCES;
            Errno error = ProtectArea(ref area, start, stop, flags, change, ref toPopulate);
            if (error != Errno.None) return error;
            start = area.End;
            if (start >= end) return Errno.None;
            if (Areas.Find(start) is not { } next) return Errno.ENOMEM;
            area = next;
        }
    }

    /// <summary>One area's part (<c>mm/mprotect.c:mprotect_fixup()</c>); <paramref name="area"/> becomes the area that covers it afterwards.</summary>
    private Errno ProtectArea(ref VmArea area, ulong start, ulong end, AreaFlags flags, AreaChange change, ref List<(ulong Start, ulong End)>? toPopulate)
    {
        AreaFlags before = area.Flags;
        if (flags == before) return Errno.None;

        ulong pages = Page.Count(end - start);
        if ((flags & AreaFlags.Write) != 0)
        {
            // Refused only if turning into data is what exceeds the limit.
            UsageRoom room = change.Room;
            if (!room.MayExpand(flags, pages) && (room.WasRefused || room.MayExpand(before, pages))) return Errno.ENOMEM;
            const AreaFlags Charged = AreaFlags.Account | AreaFlags.Write | AreaFlags.Shared | AreaFlags.NoReserve;
            if ((before & Charged) == 0)
            {
                if (!room.TryCommit(pages)) return Errno.ENOMEM;
                flags |= AreaFlags.Account;
            }
        }
        else if ((before & AreaFlags.Account) != 0 && area.IsAnonymous && area.AnonVma is null)
        {
            // Nothing was ever written: the commitment ends. Otherwise it stays, and with it a flag that forbids merging with never-written memory.
            flags &= ~AreaFlags.Account;
        }

        if (ChangeFlags(area, start, end, flags, change) is not { } changed) return Errno.ENOMEM;
        PageOperations.Protect(this, changed, start, end);
        change.Release();
        change.Finish();
        area = changed;

        // Locked private pages that become writable are copied now rather than at the next access. Linux does so before it looks at the next area; here the
        // lock must be given up first, so the area gets at once what decides about merging: the AnonVma that the first page will need.
        const AreaFlags Kind = AreaFlags.Write | AreaFlags.Shared | AreaFlags.LockMask;
        if ((before & Kind) == AreaFlags.Locked && (flags & AreaFlags.Write) != 0)
        {
            AnonVmaPreparation.Prepare(this, changed);
            (toPopulate ??= []).Add((start, end));
        }

        return Errno.None;
    }

    /// <summary>
    /// Gives a part of an area other flags, merging and splitting (<c>mm/vma.c:vma_modify()</c>). The caller brings the pages in line and releases.
    /// </summary>
    /// <returns>The area that covers the part, odd; null if the map count forbids a split: then no flag was changed.</returns>
    private static VmArea? ChangeFlags(VmArea area, ulong start, ulong end, AreaFlags flags, AreaChange change) => ChangeFlags(area, start, end, flags, area.Handler, change);

    /// <inheritdoc cref="ChangeFlags(VmArea, ulong, ulong, AreaFlags, AreaChange)"/>
    private static VmArea? ChangeFlags(VmArea area, ulong start, ulong end, AreaFlags flags, UserFaultHandler? handler, AreaChange change)
    {
        int splits = (start > area.Start ? 1 : 0) + (end < area.End ? 1 : 0);
        if (splits > 0 && !change.Room.MaySplit(splits) && !change.WouldMerge(area, start, end, flags, handler))
        {
            // The split below comes first, and stays when the one above is refused.
            if (splits == 1 || change.Room.WasRefused || !change.Room.MaySplit(1)) return null;
            change.Split(start);
            change.Release();
            change.Finish();
            return null;
        }

        return change.Splice(start, end, change.Frozen(area).Slice(start, end) with { Flags = flags, Handler = handler });
    }

    /// <summary>The rights that the area may get, as rights.</summary>
    private static AreaFlags MayBitsAsRights(AreaFlags flags) => (AreaFlags)((uint)flags >> AreaFlagBits.MayShift);
}
