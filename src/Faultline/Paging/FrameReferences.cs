using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

/// <summary>Counts of what holds and maps a frame, as entries come and go. All under the PTE lock of the entry.</summary>
internal static class FrameReferences
{
    /// <summary>A fresh frame, seen by nobody yet, becomes an anonymous page with one exclusive mapping.</summary>
    public static void BirthAnonymous(ref FrameInfo frame, ulong pageIndex)
    {
        frame.OwnerIndex = pageIndex;
        frame.Refs = 1;
        frame.Maps = 1;
        frame.State = FrameState.Anonymous | FrameState.Exclusive;
    }

    /// <summary>One more entry maps a frame that another holder keeps.</summary>
    public static void AddMapping(ref FrameInfo frame)
    {
        Native.Add(ref frame.Refs, 1);
        Native.Add(ref frame.Maps, 1);
    }

    /// <summary>The caller's own reference becomes the new entry's.</summary>
    public static void TurnReferenceIntoMapping(ref FrameInfo frame) => Native.Add(ref frame.Maps, 1);

    /// <summary>An entry is gone. True if it was the frame's last holder: the frame is then the caller's, to free after the shootdown.</summary>
    /// <remarks>
    /// One reference means that this entry is the only holder; whoever wants another must find the frame through this entry, under the lock that the
    /// caller holds. So the common case needs no atomic operation.
    /// </remarks>
    public static bool RemoveMapping(ref FrameInfo frame)
    {
        if (Native.LoadAcquire(ref frame.Refs) == 1)
        {
            frame.Refs = 0;
            frame.Maps = 0;
            return true;
        }

        Native.Add(ref frame.Maps, -1);
        if (Native.Add(ref frame.Refs, -1) != 0) return false;
        Debug.Assert(frame.Maps == 0, "A frame that nobody holds is mapped by nobody.");
        return true;
    }
}
