using Faultline.Areas;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline;

/// <content>Moving pages to other frames.</content>
public sealed partial class AddressSpace
{
    /// <summary>
    /// Moves the pages of a range to other frames, as <c>move_pages</c> and compaction do. Contents, addresses and rights stay; accesses meanwhile wait. Pages
    /// that more than one mapping holds, pages of files and shared memory, and what is not there are passed over.
    /// </summary>
    /// <param name="address">Page-aligned.</param>
    /// <param name="length">In bytes, rounded up to whole pages.</param>
    /// <param name="moved">Pages that have a new frame, also after a failure.</param>
    /// <returns>EINVAL: unaligned. ENOMEM: beyond the user's addresses, or no frame.</returns>
    public Errno TryMigrate(ulong address, ulong length, out int moved)
    {
        EnterCall();
        moved = 0;
        if (!Page.IsAligned(address)) return Errno.EINVAL;
        if (!UserSpace.Contains(address, length)) return Errno.ENOMEM;
        ulong end = address + Page.Ceiling(length);
        RangeHold range = EnterRead(LockUser.Advise, address, end);
        try
        {
            foreach (VmArea area in Areas.Range(address, end))
            {
                ulong stop = Math.Min(area.End, end);
                for (ulong page = Math.Max(area.Start, address); (page = PageOperations.NextPage(this, page, stop)) < stop; page += Page.Size)
                {
                    uint target = Memory.Frames.TryAllocate(Options.MemoryGroup);
                    if (target == PhysicalMemory.NoFrame) return Errno.ENOMEM;
                    if (PageOperations.TryMigrate(this, page, target)) moved++;
                    else Memory.Frames.Free(target);
                }
            }

            return Errno.None;
        }
        finally
        {
            ExitRead(range);
        }
    }
}
