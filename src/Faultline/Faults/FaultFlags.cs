namespace Faultline.Faults;

/// <summary>How a fault under <c>mmap_lock</c> may wait: Linux <c>FAULT_FLAG_*</c>, same values.</summary>
/// <remarks>
/// <code>
///                          with the lock          page not in memory, page locked, handler, swap
///   None                   kept                   waits, holding it: Linux before 2.6.37
///   AllowRetry             given up, once         waits, begins anew with Tried
///   AllowRetry | Tried     kept                   waits, holding it
///   AllowRetry | NoWait    kept                   does not wait: "retry"
///   any with Killable                             the wait ends with the space's fatal signal
/// </code>
/// A user fault handler is asked with the lock given up in any case but the last: it may call the space. Linux answers with SIGBUS where AllowRetry is missing.
/// </remarks>
[Flags]
internal enum FaultFlags
{
    None = 0,

    /// <summary>The lock may be given up for a wait, after which the fault begins anew.</summary>
    AllowRetry = 1 << 2,

    /// <summary>Neither wait nor give the lock up (Linux <c>FAULT_FLAG_RETRY_NOWAIT</c>, of <c>FOLL_NOWAIT</c>).</summary>
    NoWait = 1 << 3,

    /// <summary>The space's fatal signal ends waits. Without effect, but allowed, with <see cref="NoWait"/>: Linux's only user of that sets both.</summary>
    Killable = 1 << 4,

    /// <summary>The lock was given up already.</summary>
    Tried = 1 << 5,
}

/// <summary>Which flags go together, and what they mean together.</summary>
internal static class FaultFlagRules
{
    /// <summary>
    /// Tried and NoWait say more about AllowRetry, and not both: a fault that does not wait has nothing to try again (Linux <c>include/linux/mm_types.h</c>, <c>mm/gup.c</c>).
    /// </summary>
    public static bool IsLegal(this FaultFlags flags)
    {
        const FaultFlags Known = FaultFlags.AllowRetry | FaultFlags.NoWait | FaultFlags.Killable | FaultFlags.Tried;
        const FaultFlags Refinements = FaultFlags.NoWait | FaultFlags.Tried;
        if ((flags & ~Known) != 0 || (flags & Refinements) == Refinements) return false;
        return (flags & Refinements) == 0 || (flags & FaultFlags.AllowRetry) != 0;
    }

    /// <summary>The first wait is without the lock (Linux <c>fault_flag_allow_retry_first()</c>).</summary>
    public static bool MayDropLock(this FaultFlags flags) => (flags & (FaultFlags.AllowRetry | FaultFlags.Tried | FaultFlags.NoWait)) == FaultFlags.AllowRetry;

    public static bool Has(this FaultFlags flags, FaultFlags flag) => (flags & flag) != 0;
}
