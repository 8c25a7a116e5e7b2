namespace Faultline;

/// <summary>How <see cref="AddressSpace.TryPinPages"/> pins.</summary>
[Flags]
public enum PinFlags
{
    /// <summary>For reading, for a short time.</summary>
    None = 0,

    /// <summary>For writing (Linux <c>FOLL_WRITE</c>): the area must allow it, and a private page is the space's own before it is pinned.</summary>
    Write = 1,

    /// <summary>
    /// For as long as the user likes (<c>FOLL_LONGTERM</c>): the pages of private memory are the space's own, so that what is written to the memory later is seen through the
    /// pin; the shared page of zeroes and pages of a file's cache are replaced before. Not for writing to shared maps of files that track what is written.
    /// </summary>
    LongTerm = 2,

    /// <summary>
    /// Only what can be had without waiting for a file, a swap device, a page lock or a handler (<c>FOLL_NOWAIT</c>): the first page for which somebody would have to be waited for
    /// ends the call. Locks are waited for.
    /// </summary>
    NoWait = 4,
}
