using Faultline.Areas;
using Faultline.Faults;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline;

/// <content>Using the contents of pages without mapping them: pins (Linux <c>pin_user_pages</c>, <c>mm/gup.c</c>).</content>
public sealed partial class AddressSpace
{
    /// <summary>Pages that are pinned under one hold of the lock: what a lowest table maps.</summary>
    private const int PinBatch = TableLevel.EntriesPerTable;

    // Linux leaves it to its callers; here it keeps a wrong length from asking for a list of a billion pages.
    private const ulong MostPinned = 1UL << 31;

    /// <summary>Pins pages; see <see cref="TryPinPages"/>.</summary>
    /// <exception cref="AddressSpaceException">The first page could not be pinned.</exception>
    public PinnedPages PinPages(ulong address, ulong length, PinFlags flags = PinFlags.None)
    {
        ThrowIfFailed("pin_user_pages", TryPinPages(address, length, flags, out PinnedPages? pinned));
        return pinned!;
    }

    /// <summary>
    /// Faults the pages of a range in and keeps their frames: they are not reclaimed, migrated or freed, and a fork gives the child copies of private ones at once. Waits
    /// for other calls only in steps of 512 pages, and holds nothing when it returns.
    /// </summary>
    /// <param name="address">In bytes; need not be aligned.</param>
    /// <param name="length">In bytes, at most 2 GiB; all pages that the range touches are pinned.</param>
    /// <param name="flags">How.</param>
    /// <param name="pinned">The pages, in order up to the first that could not be pinned (Linux returns their number); null if the call failed.</param>
    /// <returns>
    /// None: one page at least is pinned. EAGAIN: NoWait, and the first page would have to be waited for (Linux returns 0 pages); pin it without NoWait on a thread that may wait, as KVM's
    /// asynchronous page faults do. EINTR: the space was killed, and the first page is not in memory. EINVAL: no or unknown flags, nothing or too much to pin. EFAULT: the first page is not mapped, its area does not allow the use, it is no
    /// page of memory (a device's), beyond the end of its file, or lost; or it is to be pinned long-term for writing and belongs to a file that tracks what is written. ENOMEM: no frame.
    /// </returns>
    public Errno TryPinPages(ulong address, ulong length, PinFlags flags, out PinnedPages? pinned)
    {
        const PinFlags Known = PinFlags.Write | PinFlags.LongTerm | PinFlags.NoWait;
        EnterCall();
        pinned = null;
        if ((flags & ~Known) != 0 || length is 0 or > MostPinned) return Errno.EINVAL;
        if (!UserSpace.Contains(address, length)) return Errno.EFAULT;
        ulong start = Page.Floor(address), end = Page.Ceiling(address + length);
        uint[] frames = new uint[Page.Count(end - start)];
        var mode = (PinMode)(flags & ~PinFlags.NoWait);
        FaultFlags how = (flags & PinFlags.NoWait) != 0 ? FaultFlags | FaultFlags.AllowRetry | FaultFlags.NoWait : FaultFlags;
        var error = Errno.None;
        int done = 0;
        try
        {
            while (error == Errno.None && done < frames.Length)
            {
                Span<uint> room = frames.AsSpan(done, Math.Min(PinBatch, frames.Length - done));
                error = PinSome(start + ((ulong)done << Page.Shift), mode, how, room, out int count);
                done += count;
            }
        }
        catch
        {
            // A file or a handler threw what it should not.
            Unpin(frames.AsSpan(0, done), mode);
            throw;
        }

        if (done == 0) return error;
        pinned = new PinnedPages(Memory, start, frames[..done], flags);
        return Errno.None;
    }

    /// <summary>Pins one page at least, and others that follow and are ready. Holding nothing.</summary>
    private Errno PinSome(ulong start, PinMode mode, FaultFlags how, Span<uint> frames, out int count)
    {
        bool isWrite = (mode & PinMode.Write) != 0;
        while (true)
        {
            count = PinReady(start, mode, frames, out PinObstacle obstacle);
            if (count != 0) return Errno.None;
            var error = obstacle switch
            {
                PinObstacle.Fault => FaultForPin(start, isWrite ? AccessKind.Write : AccessKind.Read, how),
                PinObstacle.Shared => Unshare(start),
                _ => Errno.EFAULT,
            };
            if (error != Errno.None) return error;
        }
    }

    private Errno FaultForPin(ulong address, AccessKind access, FaultFlags how)
    {
        FaultSignal signal = FaultHandler.Populate(this, address, access, how, out bool isRetry);
        return signal switch
        {
            FaultSignal.None => isRetry ? Errno.EAGAIN : Errno.None,
            FaultSignal.OutOfMemory => Errno.ENOMEM,
            FaultSignal.Killed => Errno.EINTR,
            _ => Errno.EFAULT,
        };
    }

    /// <summary>Pins what is there, up to the end of the area.</summary>
    private int PinReady(ulong start, PinMode mode, Span<uint> frames, out PinObstacle obstacle)
    {
        ulong end = start + ((ulong)frames.Length << Page.Shift);
        RangeHold range = EnterRead(LockUser.Query, start, end);
        try
        {
            obstacle = PinObstacle.Refused;
            return Areas.Find(start) is { } area && MayPin(area, mode)
                ? PageOperations.Pin(this, area, start, Math.Min(end, area.End), mode, frames, out obstacle)
                : 0;
        }
        finally
        {
            ExitRead(range);
        }
    }

    /// <summary>The rules of <c>mm/gup.c:check_vma_flags()</c>; what an access may do, which x86 does not tell apart, a pin may not.</summary>
    private static bool MayPin(VmArea area, PinMode mode)
    {
        if (area.Has(AreaFlags.PureFrames)) return false;
        if ((mode & PinMode.Write) == 0) return area.Has(AreaFlags.Read);

        // A write-back would protect the page against writing to learn of the next write, and not learn of ours.
        bool isUntracked = (mode & PinMode.LongTerm) != 0 && area.Has(AreaFlags.Shared) && area.TracksWrites;
        return area.Has(AreaFlags.Write) && !isUntracked;
    }

    /// <summary>Gives the page at <paramref name="address"/> a frame that no other space has. None if there is no such page any more, too.</summary>
    private Errno Unshare(ulong address)
    {
        uint target = Memory.Frames.TryAllocate(Options.MemoryGroup);
        if (target == PhysicalMemory.NoFrame) return Errno.ENOMEM;
        bool isUsed = false;
        RangeHold range = EnterRead(LockUser.Populate, address, address + Page.Size);
        try
        {
            if (Areas.Find(address) is { } area && !area.HasAny(AreaFlags.Shared | AreaFlags.PureFrames))
            {
                if (area.AnonVma is null) AnonVmaPreparation.Prepare(this, area);

                // Still null: a call on other pages of the area is replacing it; the next try finds the new one.
                isUsed = area.AnonVma is not null && PageOperations.TryUnshare(this, area, address, target);
            }
        }
        finally
        {
            ExitRead(range);
        }

        if (!isUsed) Memory.Frames.Free(target);
        return Errno.None;
    }

    private void Unpin(ReadOnlySpan<uint> frames, PinMode mode)
    {
        foreach (uint frame in frames) PageOperations.Unpin(Memory, frame, mode);
    }
}
