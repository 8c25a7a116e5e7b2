using Faultline.Paging;

namespace Faultline;

/// <summary>What the page table says about an access.</summary>
internal enum EntryState
{
    /// <summary>No present entry: the processor would report an absent page. So it is for a page of <c>PROT_NONE</c>.</summary>
    Absent,

    /// <summary>Present, but without the right.</summary>
    Forbidden,

    /// <summary>Present with the right: no fault.</summary>
    Allowed,
}

public sealed unsafe partial class MemoryAccessor
{
    /// <summary>Looks at an entry as a processor's page walker would, and changes nothing.</summary>
    internal EntryState Inspect(ulong address, AccessKind access)
    {
        if (address >= TableLevel.LowerHalfEnd) return EntryState.Absent;
        EnterSection();
        PageWalk walk = Space.PageTable.Walk(address);
        Pte value = walk.IsComplete ? walk.Value : Pte.None;
        LeaveSection();
        if (!value.IsPresent) return EntryState.Absent;
        return value.Allows(access) ? EntryState.Allowed : EntryState.Forbidden;
    }
}
