using Faultline.Areas;
using Faultline.Files;
using Faultline.Locking;

namespace Faultline;

/// <summary>What <see cref="AddressSpace.TryMemorySync"/> does: Linux <c>MS_*</c>, same values.</summary>
[Flags]
public enum SyncFlags
{
    /// <summary>Nothing but the check that the range is mapped.</summary>
    None = 0,

    /// <summary>Let changes be written soon: on Linux, and here, without effect.</summary>
    Async = 1,

    /// <summary>Fails with EBUSY if memory is locked; else without effect, since mappings and file are always coherent.</summary>
    Invalidate = 2,

    /// <summary>Write changes and wait until they are written.</summary>
    Sync = 4,
}

/// <content><c>msync</c>.</content>
public sealed partial class AddressSpace
{
    /// <summary>Writes changes of mapped files back; see <see cref="TryMemorySync"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public void MemorySync(ulong address, ulong length, SyncFlags flags = SyncFlags.Sync) => ThrowIfFailed("msync", TryMemorySync(address, length, flags));

    /// <summary>Writes changes that were made through shared mappings back to their files (<c>msync</c>; Linux <c>mm/msync.c</c>).</summary>
    /// <param name="address">Page-aligned.</param>
    /// <param name="length">In bytes, rounded up to whole pages; 0 does nothing.</param>
    /// <param name="flags">Sync, or Async, and perhaps Invalidate.</param>
    /// <returns>
    /// EINVAL: unaligned, unknown flags, Async together with Sync. ENOMEM: a hole; what lies around it was written. EBUSY: Invalidate, and an area is locked.
    /// EIO: a file failed; its pages stay changed, and what lies behind them was not looked at.
    /// </returns>
    public Errno TryMemorySync(ulong address, ulong length, SyncFlags flags = SyncFlags.Sync)
    {
        EnterCall();
        const SyncFlags Both = SyncFlags.Async | SyncFlags.Sync;
        if ((flags & ~(Both | SyncFlags.Invalidate)) != 0 || !Page.IsAligned(address) || (flags & Both) == Both) return Errno.EINVAL;
        ulong end = address + Page.Ceiling(length);
        if (end < address) return Errno.ENOMEM;
        if (end == address) return Errno.None;
        if (IsKilled) return Errno.EINTR;

        var holes = Errno.None;
        while (true)
        {
            Errno error = FindToSync(ref address, end, flags, ref holes, out VmFile? file, out ulong first, out ulong count);
            if (file is null) return error != Errno.None ? error : holes;
            try
            {
                // Nothing is held but the file: the write may take long.
                if (file.Cache.WriteBack(first, first + count) is not null) return Errno.EIO;
            }
            finally
            {
                file.Release();
            }

            if (address >= end) return holes;
        }
    }

    /// <summary>
    /// Goes on to the next area with something to write and returns its file, referenced, with the pages; no file if there is none, or an error.
    /// <paramref name="position"/> is behind that area afterwards.
    /// </summary>
    private Errno FindToSync(
        ref ulong position, ulong end, SyncFlags flags, ref Errno holes, out VmFile? file, out ulong first, out ulong count)
    {
        (file, first, count) = (null, 0, 0);
        RangeHold range = EnterRead(LockUser.Sync, position, end);
        try
        {
            while (position < end)
            {
                if (Areas.FindFirstEndingAfter(position) is not { } area) return Errno.ENOMEM;
                if (position < area.Start)
                {
                    if (flags == SyncFlags.Async) return Errno.ENOMEM;
                    position = area.Start;
                    if (position >= end) return Errno.ENOMEM;
                    holes = Errno.ENOMEM;
                }

                if ((flags & SyncFlags.Invalidate) != 0 && area.Has(AreaFlags.Locked)) return Errno.EBUSY;
                ulong start = position;
                position = area.End;
                if ((flags & SyncFlags.Sync) == 0 || !area.TracksWrites) continue;
                file = area.File!;
                file.AddReference();
                first = area.PageIndex(start);
                count = Page.Count(Math.Min(area.End, end) - start);
                return Errno.None;
            }

            return Errno.None;
        }
        finally
        {
            ExitRead(range);
        }
    }
}
