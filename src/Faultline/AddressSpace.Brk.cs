using Faultline.Areas;
using Faultline.Locking;

namespace Faultline;

/// <content><c>brk</c>.</content>
public sealed partial class AddressSpace
{
    /// <summary>The end of the heap, as <c>brk(0)</c> returns it; in bytes.</summary>
    public ulong Break
    {
        get
        {
            EnterCall();
            return _brk.LoadRelaxed();
        }
    }

    /// <summary>Moves the end of the heap; see <see cref="TryBrk"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public void Brk(ulong address) => ThrowIfFailed("brk", TryBrk(address, out _));

    /// <summary>
    /// Moves the end of the heap, which begins where <see cref="Reset"/> or the options said (<c>brk</c>; Linux <c>mm/mmap.c:brk()</c>,
    /// <c>mm/vma.c:do_brk_flags()</c>).
    /// </summary>
    /// <param name="address">The new end, in bytes, of any alignment.</param>
    /// <param name="current">The end afterwards, also after a failure: what the system call returns.</param>
    /// <returns>
    /// ENOMEM, as the C library reports it: below the heap's start, RLIMIT_DATA, RLIMIT_AS, RLIMIT_MEMLOCK, overcommit, the map count, or no room below the next
    /// mapping and its guard.
    /// </returns>
    public Errno TryBrk(ulong address, out ulong current)
    {
        EnterCall();
        ulong toPopulate = 0;
        Errno error;
        for (WriterHold hold = EnterWrite(LockUser.Brk, new HeapUpTo(address)); ; hold = EnterWriteWhole(LockUser.Brk))
        {
            try
            {
                current = _brk.LoadRelaxed();
                if (hold.IsKilled) return Errno.EINTR;
                error = MoveBreak(address, ref hold, out current, out toPopulate);
                if (!hold.IsRefusal(error)) break;
            }
            finally
            {
                hold.Exit();
            }
        }

        if (toPopulate != 0) Populate(toPopulate, Page.Ceiling(address), ignoreErrors: true);
        return error;
    }

    private Errno MoveBreak(ulong address, ref WriterHold hold, out ulong current, out ulong toPopulate)
    {
        toPopulate = 0;
        current = _brk.LoadRelaxed();
        ulong oldEnd = Page.Ceiling(current), newEnd = Page.Ceiling(address);
        if (address < _brkStart) return Errno.ENOMEM;
        ulong limit = Limits.Data;
        if (limit != ResourceLimits.Unlimited && address - _brkStart > limit) return Errno.ENOMEM;
        if (oldEnd != newEnd && address <= current)
        {
            // Something else may have been put in the heap's place.
            if (Areas.FindFirstEndingAfter(newEnd) is not { } heap || heap.Start >= oldEnd) return Errno.ENOMEM;
            if (heap.Start < newEnd && heap.End > oldEnd && !hold.Change.Room.MaySplit(1)) return Errno.ENOMEM;

            // Before the areas change: a downgrade lets others look.
            ulong before = current;
            _brk.StoreRelaxed(current = address);
            Errno error = RemoveAndFree(ref hold, newEnd, oldEnd);
            if (error != Errno.None) _brk.StoreRelaxed(current = before);
            return error;
        }

        if (oldEnd != newEnd)
        {
            Errno error = GrowHeap(oldEnd, newEnd, hold.Change);
            if (error != Errno.None) return error;
            if ((_defaultFlags & AreaFlags.Locked) != 0 && newEnd > oldEnd) toPopulate = oldEnd;
        }

        _brk.StoreRelaxed(current = address);
        return Errno.None;
    }

    private Errno GrowHeap(ulong start, ulong end, AreaChange change)
    {
        const AreaFlags HeapFlags = AreaFlags.Read | AreaFlags.Write | AreaFlags.MayAccessMask | AreaFlags.Account;
        ulong length = end - start;
        if (!UserSpace.Contains(start, length) || start > end) return Errno.ENOMEM;
        if (start < Options.MinimumAddress && !Options.Privileged) return Errno.ENOMEM;
        if (!change.Room.MayLockMore(_defaultFlags, length)) return Errno.ENOMEM;

        // One page stays free below what is above, besides a stack's guard.
        VmArea? above = Areas.FindFirstEndingAfter(start);
        if (above is not null && end + Page.Size > StackGuard.StartWithGuard(above)) return Errno.ENOMEM;

        AreaFlags flags = HeapFlags | _defaultFlags;
        ulong pages = Page.Count(length);
        if (!change.Room.MayExpand(flags, pages) || !change.Room.MayMap() || !change.Room.TryCommit(pages)) return Errno.ENOMEM;

        // Only the heap itself grows, never a mapping that happens to end where the heap begins.
        MergeKind merge = start > _brkStart ? MergeKind.LeftOnly : MergeKind.None;
        change.Splice(start, end, new AreaShape(start, end, flags, Page.Count(start), File: null, Anon: null), merge);
        change.Release();
        change.Finish();
        return Errno.None;
    }
}
