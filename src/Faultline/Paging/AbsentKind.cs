namespace Faultline.Paging;

/// <summary>Why an entry that is not empty has no page (Linux's swap entry types).</summary>
internal enum AbsentKind
{
    /// <summary>The entry is empty, or it has a page.</summary>
    None = 0,

    /// <summary>The page is on a swap device, or on its way there; the payload is a <see cref="Swap.SwapEntry"/>.</summary>
    Swap = 1,

    /// <summary>The page is being moved to another frame; the payload is the frame it comes from. Whoever wants it waits.</summary>
    Migration = 2,

    /// <summary>The frame was lost to a hardware error; the payload is the frame. Whoever wants the page gets SIGBUS.</summary>
    HardwarePoison = 3,
}
