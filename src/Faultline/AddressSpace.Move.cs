using System.Diagnostics;
using Faultline.Areas;
using Faultline.Files;
using Faultline.Locking;
using Faultline.Paging;

namespace Faultline;

/// <content><c>mremap</c>: moving areas with their pages.</content>
public sealed partial class AddressSpace
{
    /// <summary>Moves every area of a range, keeping the distances between them (<c>mm/mremap.c:remap_move()</c>).</summary>
    private Errno MoveAll(in RemapRequest request, ref WriterHold hold, out ulong mapped)
    {
        mapped = 0;
        ulong end = request.Address + request.OldLength;
        if (Areas.Find(request.Address) is null) return Errno.EFAULT;

        ulong position = request.Address;
        while (position < end && Areas.FindFirstEndingAfter(position) is { } area && area.Start < end)
        {
            ulong start = Math.Max(area.Start, position);
            ulong stop = Math.Min(area.End, end);
            var part = new RemapRequest(start, stop - start, stop - start, request.Flags, request.NewAddress + (start - request.Address));
            Errno error = CheckRemap(area, part, hold.Change.Room);
            if (error == Errno.None) error = RemapTo(area, part, ref hold, out _);
            if (error != Errno.None) return error;
            position = stop;
        }

        mapped = request.NewAddress;
        return Errno.None;
    }

    /// <summary>
    /// Moves a part of one area to a free range that is at least as long (<c>mm/mremap.c:move_vma()</c>, <c>mm/vma.c:copy_vma()</c>).
    /// </summary>
    private Errno Move(VmArea area, in RemapRequest request, AreaChange change, out ulong mapped)
    {
        Debug.Assert(request.NewLength >= request.OldLength, "A shrink is done before the move.");
        mapped = 0;
        if (!change.Room.MayAddAreas(asked: AreasForMove + 1, growth: AreasForMove)) return Errno.ENOMEM;
        bool keepsSource = (request.Flags & RemapFlags.DontUnmap) != 0;
        ulong charge = Page.Count(keepsSource ? request.NewLength : request.NewLength - request.OldLength);
        if (area.Has(AreaFlags.Account) && charge != 0 && !change.Room.TryCommit(charge)) return Errno.ENOMEM;

        // Nothing leaves a source of no length, which is why it need not be replaced: only shared memory is mapped a second time, and it has no AnonVma.
        AreaShape source = request.OldLength == 0 ? AreaShape.Of(area, anon: null) : change.Frozen(area);
        (ulong start, ulong end) = (request.NewAddress, request.NewAddress + request.NewLength);

        // Memory that was never written takes the offset of its new place, so that it can merge there.
        bool isUntouched = area.IsAnonymous && source.Anon is null;
        ulong offset = isUntouched ? Page.Count(start) : area.PageIndex(request.Address);
        // A handler is not told of the move, so it does not come along (fs/userfaultfd.c:mremap_userfaultfd_prep()).
        AreaShape target = source with { Start = start, End = end, PageOffset = offset, Flags = source.Flags & ~AreaFlags.UserFaultMask, Handler = null };
        change.Splice(start, end, target);
        bool moved = MovePages(request, area.File);
        if (!moved)
        {
            change.Splice(start, end, shape: null);
            change.Unlist();
            FreeTables(start, end, change);
        }

        if (request.OldLength != 0) LeaveSource(area, source, request, keepsSource, moved, change);
        change.Release();
        change.Finish();
        if (!moved) return Errno.ENOMEM;
        mapped = start;
        return Errno.None;
    }

    /// <summary>False if there was no frame for a table: then all pages are back.</summary>
    private bool MovePages(in RemapRequest request, VmFile? file)
    {
        if (request.OldLength == 0 || PageOperations.Move(this, request.Address, request.NewAddress, request.OldLength, out ulong moved)) return true;
        if (moved != 0)
        {
            // Against the order in which a truncation visits the two areas.
            file?.Mappings.Enter();
            bool back = PageOperations.Move(this, request.NewAddress, request.Address, moved, out _);
            Debug.Assert(back, "The tables that the pages came from are still there.");
            file?.Mappings.Exit();
        }

        return false;
    }

    /// <summary>What becomes of the source, whose pages are gone: unmapped, or left empty, or, after a failure, as it was.</summary>
    private void LeaveSource(VmArea area, in AreaShape source, in RemapRequest request, bool keepsSource, bool moved, AreaChange change)
    {
        ulong end = request.Address + request.OldLength;

        // Untouched memory that moved next to itself may have merged with its own target.
        VmArea now = Areas.Find(request.Address)!;
        if (!moved)
        {
            if (now == area) change.Splice(area.Start, area.End, source, MergeKind.None);
        }
        else if (keepsSource)
        {
            // The whole area is unlocked, and forgets its pages if all of them went (mm/mremap.c:dontunmap_complete()).
            bool isWhole = now == area && request.Address == area.Start && end == area.End;
            AreaShape left = change.Frozen(now);
            left = left with { Flags = left.Flags & ~AreaFlags.LockMask, Anon = isWhole ? null : left.Anon };
            change.Splice(now.Start, now.End, left, MergeKind.None);
        }
        else
        {
            change.Splice(request.Address, end, shape: null);
            change.Unlist();
            FreeTables(request.Address, end, change);
        }
    }
}
