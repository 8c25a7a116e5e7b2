namespace Faultline;

/// <content>What <c>execve</c> does to an address space.</content>
public sealed partial class AddressSpace
{
    /// <summary>
    /// Starts over as <c>execve</c> does: every mapping goes, <c>mlockall</c> is forgotten, the heap is empty. The limits stay. Accessors may go on; they find
    /// nothing mapped.
    /// </summary>
    /// <param name="brkStart">Where the heap begins (Linux <c>start_brk</c>), in bytes; 0 if <see cref="TryBrk"/> will not be used.</param>
    /// <param name="stackStart">An address within the area that <see cref="Maps"/> is to call <c>[stack]</c>; 0 for none.</param>
    /// <exception cref="AddressSpaceException">EINTR: killed.</exception>
    public void Reset(ulong brkStart, ulong stackStart = 0)
    {
        EnterCall();
        if (IsKilled) throw new AddressSpaceException("execve", Errno.EINTR);
        Clear(brkStart, stackStart);
    }
}
