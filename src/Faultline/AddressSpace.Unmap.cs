using Faultline.Areas;
using Faultline.Locking;
using Faultline.Paging;

namespace Faultline;

/// <content><c>munmap</c>.</content>
public sealed partial class AddressSpace
{
    /// <summary>Removes all mappings from a range; see <see cref="TryUnmap"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public void Unmap(ulong address, ulong length) => ThrowIfFailed("munmap", TryUnmap(address, length));

    /// <summary>
    /// Removes all mappings from a range, holes included (<c>munmap</c>; Linux <c>mm/vma.c:do_vmi_munmap()</c>). After it returns no access through an older
    /// translation can happen.
    /// </summary>
    /// <param name="address">Page-aligned.</param>
    /// <param name="length">In bytes, rounded up to whole pages; not 0.</param>
    /// <returns>EINVAL: unaligned, empty, or beyond the user's addresses. ENOMEM: a hole within one area, and the map count is reached.</returns>
    public Errno TryUnmap(ulong address, ulong length)
    {
        EnterCall();
        if (!Page.IsAligned(address) || !UserSpace.Contains(address, length) || length == 0) return Errno.EINVAL;
        ulong end = address + Page.Ceiling(length);
        for (WriterHold hold = EnterWrite(LockUser.Unmap, address, end); ; hold = EnterWriteWhole(LockUser.Unmap))
        {
            try
            {
                if (hold.IsKilled) return Errno.EINTR;
                Errno error = RemoveAndFree(ref hold, address, end);
                if (!hold.IsRefusal(error)) return error;
            }
            finally
            {
                hold.Exit();
            }
        }
    }

    /// <summary>Unmaps a range and frees its pages; these with what the caller holds downgraded, if the options say so.</summary>
    /// <remarks>
    /// After a downgrade no writer can come, so nothing new is mapped into the gap; classic faults find no area there, speculative ones an odd one.
    /// </remarks>
    private Errno RemoveAndFree(ref WriterHold hold, ulong start, ulong end)
    {
        bool downgrade = Options.DowngradeOnUnmap;
#if FAULTLINE_EXPLORE
        if (Sync.Mutants.Active == Sync.Mutant.DowngradeBeforeRemoval)
        {
            hold.Downgrade();
            downgrade = false;
        }
#endif
        Errno error = Remove(start, end, hold.Change, out bool removed);
        if (error != Errno.None || !removed) return error;
        if (downgrade) hold.Downgrade();
        FreePages(start, end, hold.Change);
        return Errno.None;
    }

    /// <summary>Takes a range out of the tree (<c>mm/vma.c:vms_gather_munmap_vmas()</c>); its pages stay until <see cref="FreePages"/>.</summary>
    private Errno Remove(ulong start, ulong end, AreaChange change, out bool removed)
    {
        removed = false;

        // A shrinking mremap comes here with whatever old length it was given.
        if (!UserSpace.Contains(start, end - start)) return Errno.EINVAL;
        if (Areas.FindWithin(start, end) is not { } first) return Errno.None;
        if (first.Start < start && first.End > end && !change.Room.MaySplit(1)) return Errno.ENOMEM;
        change.Splice(start, end, shape: null);

        // What remains on both sides has lost no page.
        change.Release(hasPagesLeft: true);
        removed = true;
        return Errno.None;
    }

    /// <summary>Frees the pages of a range that <see cref="Remove"/> cleared, and the tables that serve nothing else.</summary>
    private void FreePages(ulong start, ulong end, AreaChange change)
    {
        PageOperations.Zap(this, start, end, change.ReplacedRaw);
        change.Unlist();
        FreeTables(start, end, change);
        change.Finish();
    }

    private void FreeTables(ulong start, ulong end, AreaChange change)
    {
        // Most maps that are never touched have no table at all: no lock is taken then.
        if (PageTable.HasTables(start, end)) PageTable.FreeGap(this, new TableGap(Areas, start, end, change.HeldAround(start)));
    }

    /// <summary>Takes every area out: exit and exec.</summary>
    private void Clear(ulong brkStart, ulong stackStart)
    {
        MmapLock.EnterWrite(LockUser.Exit);
        try
        {
            _change.Splice(0, UserSpace.End, shape: null);
            _change.Release(hasPagesLeft: true);
            FreePages(0, UserSpace.End, _change);
            _defaultFlags = AreaFlags.None;
            _brkStart = brkStart;
            _brk.StoreRelaxed(brkStart);
            _stackStart = stackStart;
        }
        finally
        {
            _change.Room.End();
            MmapLock.ExitWrite();
        }
    }
}
