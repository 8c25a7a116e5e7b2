using Faultline.Areas;
using Faultline.Faults;

namespace Faultline;

/// <content>Faulting pages in ahead of their use.</content>
public sealed partial class AddressSpace
{
    /// <summary>
    /// Faults the mapped pages of a range in as their areas allow: private writable ones for writing, so that no copy is left to do, all others for
    /// reading (<c>mm/gup.c:__mm_populate()</c>). Holes are skipped. The caller holds no lock.
    /// </summary>
    /// <returns>
    /// EFAULT: an area allows no access, or a page lies beyond the end of its file. ENOMEM: no frame. None if <paramref name="ignoreErrors"/>: then
    /// an error ends only its area's part.
    /// </returns>
    private Errno Populate(ulong start, ulong end, bool ignoreErrors)
    {
        ulong position = start;
        while (position < end && Areas.FindFirstEndingAfter(position) is { } area && area.Start < end)
        {
            ulong stop = Math.Min(area.End, end);
            position = Math.Max(position, area.Start);
            if (!area.HasAny(AreaFlags.LockOnFault | AreaFlags.PureFrames))
            {
                FaultSignal signal = Populate(position, stop, PopulateAccess(area.Flags));
                if (signal != FaultSignal.None && !ignoreErrors) return PopulateError(signal);
                if (signal == FaultSignal.Killed) return Errno.None;
            }

            position = stop;
        }

        return Errno.None;
    }

    private FaultSignal Populate(ulong start, ulong end, AccessKind access)
    {
        for (ulong address = start; address < end; address += Page.Size)
        {
            FaultSignal signal = FaultHandler.Populate(this, address, access);
            if (signal != FaultSignal.None) return signal;
        }

        return FaultSignal.None;
    }

    private static AccessKind PopulateAccess(AreaFlags flags)
    {
        if ((flags & (AreaFlags.Write | AreaFlags.Shared)) == AreaFlags.Write) return AccessKind.Write;
        return (flags & AreaFlags.AccessMask) == AreaFlags.Execute ? AccessKind.Execute : AccessKind.Read;
    }

    private static Errno PopulateError(FaultSignal signal) => signal switch
    {
        FaultSignal.OutOfMemory or FaultSignal.NotMapped => Errno.ENOMEM,
        FaultSignal.Killed => Errno.EINTR,
        _ => Errno.EFAULT,
    };
}
