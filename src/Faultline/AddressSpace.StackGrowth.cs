using Faultline.Areas;
using Faultline.Locking;

namespace Faultline;

/// <content>Stacks.</content>
public sealed partial class AddressSpace
{
    /// <summary>
    /// Grows the stack area above <paramref name="address"/> down to it, if there is one and the limits admit it (<c>mm/vma.c:expand_downwards()</c>). Called
    /// by the classic fault path, holding nothing; replaces the area.
    /// </summary>
    /// <returns>True if an area now covers the address: it grew, or another thread was first.</returns>
    internal bool TryGrowStack(ulong address, LockUser user)
    {
        address = Page.Floor(address);
#if FAULTLINE_EXPLORE
        if (Sync.Mutants.Active == Sync.Mutant.GrowStackUnderReadLock)
        {
            MmapLock.EnterRead(user);
            bool grew = GrowStack(address, _change);
            MmapLock.ExitRead();
            return grew;
        }
#endif
        for (WriterHold hold = EnterWrite(user, new StackAbove(address)); ; hold = EnterWriteWhole(user))
        {
            try
            {
                if (hold.IsKilled) return false;
                bool covers = GrowStack(address, hold.Change);
                if (covers || !hold.IsRefusal(Errno.ENOMEM)) return covers;
            }
            finally
            {
                hold.Exit();
            }
        }
    }

    private bool GrowStack(ulong address, AreaChange change)
    {
        if (Areas.FindFirstEndingAfter(address) is not { } area) return false;
        if (area.Start <= address) return true;
        if (!StackGrowth.IsClear(this, area, address)) return false;

        // Also when a limit then refuses. That the stack counts as written from here on shows in what mprotect and merging do with it.
        if (area.AnonVma is null) AnonVmaPreparation.Prepare(this, area);
        if (!StackGrowth.IsAdmitted(this, change.Room, area, address)) return false;

        AreaShape shape = change.Frozen(area);
        shape = shape with { Start = address, PageOffset = shape.PageOffset - Page.Count(area.Start - address) };
        change.Splice(address, area.End, shape, MergeKind.None);
        change.Release();
        change.Finish();
        return true;
    }
}
