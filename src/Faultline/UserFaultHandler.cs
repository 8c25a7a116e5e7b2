namespace Faultline;

/// <summary>What a <see cref="UserFaultHandler"/> is asked about: Linux <c>UFFDIO_REGISTER_MODE_*</c>, same values.</summary>
[Flags]
public enum UserFaultModes
{
    /// <summary>Nothing: not a valid request.</summary>
    None = 0,

    /// <summary>Accesses to pages that are not there.</summary>
    Missing = 1,

    /// <summary>Writes to pages that <see cref="AddressSpace.TryUserFaultWriteProtect"/> has protected.</summary>
    WriteProtect = 2,
}

/// <summary>A fault that waits for its handler.</summary>
/// <param name="Space">Whose memory.</param>
/// <param name="Address">Of the access, in bytes.</param>
/// <param name="Access">What was tried.</param>
/// <param name="Reason">Why the handler is asked: one of the modes it is registered for.</param>
public readonly record struct UserFault(AddressSpace Space, ulong Address, AccessKind Access, UserFaultModes Reason);

/// <summary>
/// Serves the faults of a range in user code, as a program does with <c>userfaultfd</c>: garbage collectors, migration of running guests, snapshots. See
/// <see cref="AddressSpace.TryRegisterUserFault"/> and docs/userfaults.md.
/// </summary>
public abstract class UserFaultHandler
{
    /// <summary>
    /// Called by the thread that faulted, or by one of its own if <see cref="MayHang"/>; the fault holds nothing meanwhile: it may wait, and call any address space or accessor. Several
    /// threads call at a time, also for the same page. An access to the page that is asked about would ask again, without end.
    /// </summary>
    /// <returns>True to try the access again: if the reason is still there, the handler is asked again. False: SIGBUS.</returns>
    /// <remarks>An exception goes to the access, or to the call that faulted the page in.</remarks>
    public abstract bool OnFault(in UserFault fault);

    /// <summary>
    /// True if an answer may never come. Faults then have a thread of its own ask, so that <see cref="AddressSpace.Kill"/> ends their wait; the call goes on to its end, and its
    /// answer is dropped. Whoever disposes of the space sees to it that no such call is inside it. Costs each fault the start of a thread. Constant.
    /// </summary>
    public virtual bool MayHang => false;
}
