using System.Diagnostics;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

/// <summary>Counts of what holds and maps a frame, as entries come and go. All under the PTE lock of the entry.</summary>
internal static class FrameReferences
{
    /// <summary>A fresh frame, seen by nobody yet, becomes an anonymous page with one exclusive mapping.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="pageIndex">The page's number in the areas that may map it.</param>
    /// <param name="family">The number of their AnonVma's family, by which reclaim finds them.</param>
    public static void BirthAnonymous(ref FrameInfo frame, ulong pageIndex, uint family)
    {
        frame.OwnerIndex = pageIndex;
        frame.OwnerId = family;
        Native.StoreRelaxed(ref frame.Refs, 1);
        Native.StoreRelaxed(ref frame.Maps, 1);
        frame.State = FrameState.Anonymous | FrameState.Exclusive;
    }

    /// <summary>One more entry maps a frame that another holder keeps.</summary>
    public static void AddMapping(ref FrameInfo frame)
    {
        Native.Add(ref frame.Refs, 1);
        Native.Add(ref frame.Maps, 1);
    }

    /// <summary>One more user of the contents, under the lock of an entry that maps the frame.</summary>
    public static void Pin(ref FrameInfo frame)
    {
        Native.Add(ref frame.Refs, 1);
        Native.Add(ref frame.Pins, 1);
    }

    /// <summary>Ends <see cref="Pin"/>, but for the reference: the caller gives it up next, and a frame that is freed has no pins. Any thread.</summary>
    public static void Unpin(ref FrameInfo frame) => Native.Add(ref frame.Pins, -1);

    /// <summary>An entry is gone. Its reference stays with the caller until the shootdown is done: see <see cref="DropReference"/>.</summary>
    public static void RemoveMapping(ref FrameInfo frame)
    {
        // With one reference, ours, there is one mapping: no atomic operation for what nobody else can see.
        if (Native.LoadAcquire(ref frame.Refs) == 1) Native.StoreRelaxed(ref frame.Maps, 0);
        else Native.Add(ref frame.Maps, -1);
    }

    /// <summary>Gives up the reference of an entry that is gone. True if it was the last: the frame is then the caller's, to free.</summary>
    /// <remarks>
    /// After the shootdown, not before:
    /// <code>
    ///   child: unmap                parent                              child: another thread
    ///   clear entry, drop ref
    ///                               one reference: write in place
    ///                                                                   stale translation: reads the parent's data
    ///   shoot down
    /// </code>
    /// </remarks>
    public static bool DropReference(ref FrameInfo frame)
    {
        // One reference is ours, and whoever wanted another would need the entry that is gone.
        if (Native.LoadAcquire(ref frame.Refs) == 1) Native.StoreRelaxed(ref frame.Refs, 0);
        else if (Native.Add(ref frame.Refs, -1) != 0) return false;
        Debug.Assert(Native.LoadRelaxed(ref frame.Maps) == 0, "A frame that nobody holds is mapped by nobody.");
        return true;
    }
}
