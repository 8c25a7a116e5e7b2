namespace Faultline.Paging;

/// <summary>What a user of a page's contents needs. <see cref="Write"/> and <see cref="LongTerm"/> as <see cref="PinFlags"/>.</summary>
[Flags]
internal enum PinMode
{
    None = 0,
    Write = 1,
    LongTerm = 2,

    /// <summary>
    /// Looks and lets go at once: a reference keeps the frame, nothing else is promised (Linux <c>FOLL_GET</c>). So a page that a fork shares need not be copied. Not for
    /// writing: a fork in between would share the page, and the child would see the write.
    /// </summary>
    Peek = 4,
}

/// <summary>Why a page cannot be pinned as it is.</summary>
internal enum PinObstacle
{
    None,

    /// <summary>The page is not there, or not for writing: a fault helps.</summary>
    Fault,

    /// <summary>Others have the page too: see <see cref="PageOperations.TryUnshare"/>.</summary>
    Shared,

    /// <summary>Not for any means.</summary>
    Refused,
}
