using Faultline.Areas;
using Faultline.Locking;

namespace Faultline;

/// <content><c>mremap</c>: what is asked and where it goes. AddressSpace.Move.cs moves areas.</content>
public sealed partial class AddressSpace
{
    // A move may split its source in three and its target's neighbours in two (mm/mremap.c:prep_move_vma()).
    private const int AreasForMove = 3;

    // What a fixed move can come to at most: its target's neighbours are split too, and Linux checks with what a move takes to spare.
    private const int AreasForFixedMove = (2 * AreasForMove) + 3;

    /// <summary>Resizes or moves a mapping; see <see cref="TryRemap"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public ulong Remap(ulong address, ulong oldLength, ulong newLength, RemapFlags flags, ulong newAddress = 0)
    {
        ThrowIfFailed("mremap", TryRemap(address, oldLength, newLength, flags, newAddress, out ulong mapped));
        return mapped;
    }

    /// <summary>Resizes or moves a mapping with its pages (<c>mremap</c>; Linux <c>mm/mremap.c:do_mremap()</c>, as of 6.17).</summary>
    /// <param name="address">Start of the old range, page-aligned.</param>
    /// <param name="oldLength">In bytes, rounded up to whole pages. 0 maps a shared object a second time.</param>
    /// <param name="newLength">In bytes, rounded up to whole pages; not 0.</param>
    /// <param name="flags">Whether and how the mapping may move.</param>
    /// <param name="newAddress">Where to, with <see cref="RemapFlags.Fixed"/>; a hint with <see cref="RemapFlags.DontUnmap"/>.</param>
    /// <param name="mapped">The first byte of the mapping afterwards; 0 if the call failed.</param>
    /// <returns>
    /// <list type="bullet">
    /// <item>EINVAL: unknown or inconsistent flags, unaligned addresses, a new length of 0, a target that overlaps the source or leaves the user's addresses,
    /// an old length of 0 on private memory.</item>
    /// <item>EFAULT: nothing is mapped at the address, or the old range leaves its area. (A move that keeps its size may span areas and holes; a shrink may too.)</item>
    /// <item>ENOMEM: no room (without MayMove: no room above), the map count, RLIMIT_AS, RLIMIT_DATA, overcommit, no frame for a page table.</item>
    /// <item>EAGAIN: RLIMIT_MEMLOCK. EPERM: a target below <see cref="AddressSpaceOptions.MinimumAddress"/>.</item>
    /// </list>
    /// As on Linux, with Fixed the target range is already unmapped when a later check fails, and a move of several areas keeps what it has moved.
    /// </returns>
    public Errno TryRemap(ulong address, ulong oldLength, ulong newLength, RemapFlags flags, ulong newAddress, out ulong mapped) =>
        RemapPlaced(new RemapRequest(address, Page.Ceiling(oldLength), Page.Ceiling(newLength), flags, newAddress), out mapped);

    /// <summary>As <see cref="TryRemap"/>, to where <see cref="RemapRequest.Place"/> says, with EEXIST if something is there.</summary>
    internal Errno RemapPlaced(RemapRequest request, out ulong mapped)
    {
        EnterCall();
        mapped = 0;
        Errno error = request.Check();
        if (error != Errno.None) return error;

        (ulong Start, ulong End) toPopulate = default;
        for (WriterHold hold = EnterForRemap(in request); ; hold = EnterWriteWhole(LockUser.Remap))
        {
            try
            {
                if (hold.IsKilled) return Errno.EINTR;
                error = RemapLocked(in request, ref hold, out mapped, out toPopulate);
                if (!hold.IsRefusal(error)) break;
            }
            finally
            {
                hold.Exit();
            }
        }

        if (toPopulate.End != 0) Populate(toPopulate.Start, toPopulate.End, ignoreErrors: true);
        return error;
    }

    private Errno RemapLocked(in RemapRequest request, ref WriterHold hold, out ulong mapped, out (ulong Start, ulong End) toPopulate)
    {
        mapped = 0;
        toPopulate = default;
        UsageRoom room = hold.Change.Room;

        // The target of a fixed move is unmapped before anything else is asked for; who holds a range could not begin again after that.
        if ((request.Flags & RemapFlags.Fixed) != 0 && !room.TryCover(Page.Count(request.NewLength), AreasForFixedMove)) return Errno.ENOMEM;

        // Twice: a fixed move first unmaps its target, which may split.
        if (request.HasTarget && !room.MayAddAreas(asked: AreasForMove + 3, growth: 0)) return Errno.ENOMEM;
        if (request.IsPureMove) return MoveAll(request, ref hold, out mapped);

        if (Areas.Find(request.Address) is not { } area) return Errno.EFAULT;
        Errno error = CheckRemap(area, request, room);
        if (error != Errno.None) return error;
        if (request.IsShrink && !request.HasTarget)
        {
            error = RemoveAndFree(ref hold, request.Address + request.NewLength, request.Address + request.OldLength);
            if (error == Errno.None) mapped = request.Address;
            return error;
        }

        if (request.NewLength == request.OldLength && !request.HasTarget)
        {
            mapped = request.Address;
            return Errno.None;
        }

        error = request.HasTarget ? RemapTo(area, request, ref hold, out mapped) : Grow(area, request, ref hold, out mapped);
        bool isLockedMore = error == Errno.None && request.IsGrowth && area.Has(AreaFlags.Locked);
        if (isLockedMore) toPopulate = (mapped + request.OldLength, mapped + request.NewLength);
        return error;
    }

    /// <summary>Locks the source, and the target where it is given; <see cref="PlaceTarget"/> adds one that is searched. Why two ranges cannot deadlock: <see cref="RangeHolds"/>.</summary>
    private WriterHold EnterForRemap(in RemapRequest request)
    {
        var source = new Source(request);
        if (_ranges is null || (request.Flags & RemapFlags.Fixed) == 0) return EnterWrite(LockUser.Remap, source);
        var target = new Change(request.NewAddress, request.NewAddress + request.NewLength);
        if (!MmapLock.TryEnterRead(LockUser.Remap, FatalSignal)) return default;
        ((ulong low, ulong high), (ulong targetLow, ulong targetHigh)) = (source.Of(this), target.Of(this));
        for (int i = 0; i < MaxWidenings && low < high; i++)
        {
            if (!TryEnterRange(LockUser.Remap, low, high, out RangeHold first)) break;
            var held = new RangeHolds(first);
            if (held.TryAdd(_ranges, targetLow, targetHigh, LockUser.Remap, out _))
            {
                ((ulong lowNow, ulong highNow), (ulong targetLowNow, ulong targetHighNow)) = (source.Of(this), target.Of(this));
                if (held.Covers(lowNow, highNow) && held.Covers(targetLowNow, targetHighNow)) return WriterHold.OfRanges(this, TakeChange(), LockUser.Remap, in held);
                (low, high) = (Math.Min(low, lowNow), Math.Max(high, highNow));
                (targetLow, targetHigh) = (Math.Min(targetLow, targetLowNow), Math.Max(targetHigh, targetHighNow));
            }
            else
            {
                (low, high) = (Math.Min(low, targetLow), Math.Max(high, targetHigh));
            }

            held.Dispose();
        }

        MmapLock.ExitRead();
        return EnterWriteWhole(LockUser.Remap);
    }

    /// <summary>What the area must allow (<c>mm/mremap.c:check_prep_vma()</c>).</summary>
    private static Errno CheckRemap(VmArea area, in RemapRequest request, UsageRoom room)
    {
        if (!request.IsGrowth && !request.HasTarget) return Errno.None;
        if (request.OldLength == 0 && !area.Has(AreaFlags.Shared)) return Errno.EINVAL;
        if ((request.Flags & RemapFlags.DontUnmap) != 0 && area.Has(AreaFlags.PureFrames)) return Errno.EINVAL;

        // A shrink gives up what lies beyond the new length, wherever it belongs.
        ulong kept = Math.Min(request.OldLength, request.NewLength);
        if (kept > area.End - request.Address) return Errno.EFAULT;
        if (request.NewLength == kept) return Errno.None;

        ulong grown = request.NewLength - kept;
        if (area.Has(AreaFlags.PureFrames)) return Errno.EFAULT;
        if (area.PageIndex(request.Address) + Page.Count(request.NewLength) < area.PageIndex(request.Address)) return Errno.EINVAL;
        if (!room.MayLockMore(area.Flags, grown)) return Errno.EAGAIN;
        return room.MayExpand(area.Flags, Page.Count(grown)) ? Errno.None : Errno.ENOMEM;
    }

    /// <summary>In place if the room above is free, else elsewhere (<c>mm/mremap.c:expand_vma()</c>).</summary>
    private Errno Grow(VmArea area, in RemapRequest request, ref WriterHold hold, out ulong mapped)
    {
        mapped = 0;
        AreaChange change = hold.Change;
        ulong grown = request.NewLength - request.OldLength;
        ulong end = area.End + grown;
        bool reachesEnd = area.End - request.Address == request.OldLength;

        // What stood above when the range was chosen may be going; then it stood there when this call was made.
        bool isFree = IsFreeAbove(area, end) && change.Covers(area.Start, Concerned(area.Start, end).High);
        if (reachesEnd && isFree)
        {
            if (area.Has(AreaFlags.Account) && !change.Room.TryCommit(Page.Count(grown))) return Errno.ENOMEM;
            AreaShape whole = change.Frozen(area);
            AreaShape extension = whole with { Start = area.End, End = end, PageOffset = area.PageOffset + area.Pages };
            change.Splice(area.End, end, extension, MergeKind.Extension);
            change.Release();
            change.Finish();
            mapped = request.Address;
            return Errno.None;
        }

        if ((request.Flags & RemapFlags.MayMove) == 0) return Errno.ENOMEM;
        Errno error = PlaceTarget(area, request, ref hold, out ulong target);
        return error != Errno.None ? error : Move(area, request with { NewAddress = target }, change, out mapped);
    }

    /// <summary>The area may grow in place up to <paramref name="end"/>.</summary>
    private bool IsFreeAbove(VmArea area, ulong end) =>
        UserSpace.Contains(area.Start, end - area.Start) && end > area.End
        && (Areas.Next(area) is not { } next || next.Start >= end)
        && (area.Start >= Options.MinimumAddress || Options.Privileged);

    /// <summary>To a given place (<c>mm/mremap.c:mremap_to()</c>).</summary>
    private Errno RemapTo(VmArea area, RemapRequest request, ref WriterHold hold, out ulong mapped)
    {
        mapped = 0;
        AreaChange change = hold.Change;
        Errno error;
        if ((request.Flags & RemapFlags.Fixed) != 0)
        {
            error = RemoveNow(request.NewAddress, request.NewAddress + request.NewLength, change);
            if (error != Errno.None) return error;

            // The target may have been a part of the same area, which is another object now.
            if (Areas.Find(request.Address) is not { } remaining) return Errno.EFAULT;
            area = remaining;
        }

        if (request.IsShrink)
        {
            error = RemoveNow(request.Address + request.NewLength, request.Address + request.OldLength, change);
            if (error != Errno.None) return error;
            request = request with { OldLength = request.NewLength };
            area = Areas.Find(request.Address)!;
        }

        bool keepsSource = (request.Flags & RemapFlags.DontUnmap) != 0;
        if (keepsSource && !change.Room.MayExpand(area.Flags, Page.Count(request.OldLength))) return Errno.ENOMEM;
        error = PlaceTarget(area, request, ref hold, out ulong target);
        return error != Errno.None ? error : Move(area, request with { NewAddress = target }, change, out mapped);
    }

    /// <summary>Unmaps without giving the lock up.</summary>
    private Errno RemoveNow(ulong start, ulong end, AreaChange change)
    {
        Errno error = Remove(start, end, change, out bool removed);
        if (error == Errno.None && removed) FreePages(start, end, change);
        return error;
    }

    /// <summary>
    /// <c>mm/mremap.c:vrm_set_new_addr()</c>. A hint is taken as it is, not raised to the lowest address as in <c>mmap</c>. The holder of a range holds the place afterwards; as in
    /// <see cref="EnterForMap"/>, places that others hold are passed over.
    /// </summary>
    private Errno PlaceTarget(VmArea area, in RemapRequest request, ref WriterHold hold, out ulong target)
    {
        ulong ceiling = Options.MmapBase;
        for (int i = 0; i < MaxSearches; i++)
        {
            Errno error = FindTarget(area, in request, ceiling, out target);
            if (!hold.IsRange || (request.Flags & RemapFlags.Fixed) != 0) return error;
            if (error != Errno.None) break;
            ulong end = target + request.NewLength;
            (ulong low, ulong high) = Concerned(target, end);
            if (!hold.TryAdd(_ranges!, low, high, out ulong heldFrom))
            {
                ceiling = Math.Min(heldFrom, target);
                continue;
            }

            AreaNeighbourhood around = Around(target, end);
            (low, high) = Concerned(in around, target, end);
            if (around.IsFree(end) && hold.Change.Covers(low, high)) return Errno.None;
            hold.DropAdded();
        }

        target = 0;
        hold.Change.Room.Refuse();
        return Errno.ENOMEM;
    }

    private Errno FindTarget(VmArea area, in RemapRequest request, ulong ceiling, out ulong target)
    {
        MapBacking backing = area.File is { } file ? MapRequest.BackingOf(file) : MapBacking.Anonymous;
        MapFlags flags = (request.Flags & RemapFlags.Fixed) != 0 ? MapFlags.Fixed : 0;
        ulong hint = request.HasTarget ? request.NewAddress : 0;
        Errno error = new Placement(this).Find(hint, request.NewLength, backing, area.PageIndex(request.Address) << Page.Shift, flags, ceiling, out target);
        if (error != Errno.None || request.Place is null || flags != 0) return error;
        target = request.Place.Take(target);
        return Areas.FindFirstEndingAfter(target) is { } there && there.Start < target + request.NewLength ? Errno.EEXIST : Errno.None;
    }
}
