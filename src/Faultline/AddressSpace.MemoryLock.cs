using Faultline.Areas;
using Faultline.Locking;

namespace Faultline;

/// <summary>What <see cref="AddressSpace.TryMemoryLockAll"/> locks: Linux <c>MCL_*</c>, same values.</summary>
[Flags]
public enum LockAllFlags
{
    /// <summary>Nothing: not a valid request by itself.</summary>
    None = 0,

    /// <summary>What is mapped now.</summary>
    Current = 1,

    /// <summary>What will be mapped.</summary>
    Future = 2,

    /// <summary>Pages are locked as they are faulted in; together with one of the others.</summary>
    OnFault = 4,
}

/// <content>The <c>mlock</c> family.</content>
public sealed partial class AddressSpace
{
    /// <summary>Locks a range in memory; see <see cref="TryMemoryLock"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public void MemoryLock(ulong address, ulong length, bool onFault = false) => ThrowIfFailed("mlock", TryMemoryLock(address, length, onFault));

    /// <summary>Unlocks a range; see <see cref="TryMemoryUnlock"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public void MemoryUnlock(ulong address, ulong length) => ThrowIfFailed("munlock", TryMemoryUnlock(address, length));

    /// <summary>Locks everything; see <see cref="TryMemoryLockAll"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public void MemoryLockAll(LockAllFlags flags) => ThrowIfFailed("mlockall", TryMemoryLockAll(flags));

    /// <summary>Locks a range in memory and faults it in (<c>mlock</c>, <c>mlock2</c>; Linux <c>mm/mlock.c:do_mlock()</c>).</summary>
    /// <param name="address">Rounded down to a page.</param>
    /// <param name="length">In bytes; the end is rounded up to a page. A range of no pages succeeds.</param>
    /// <param name="onFault">Pages are locked as they are faulted in, none is faulted in now (<c>MLOCK_ONFAULT</c>).</param>
    /// <returns>
    /// EPERM: RLIMIT_MEMLOCK is 0. ENOMEM: RLIMIT_MEMLOCK, a hole, the map count, or a page that cannot be faulted in. EINVAL: the range wraps. EAGAIN: no frame.
    /// As on Linux, what lies before a hole is locked, and all of it is if only faulting in failed.
    /// </returns>
    public Errno TryMemoryLock(ulong address, ulong length, bool onFault = false)
    {
        EnterCall();
        if (!MayLock) return Errno.EPERM;
        (ulong start, length) = WholePages(address, length);

        Errno error = ChangeLock(start, length, onFault ? AreaFlags.LockMask : AreaFlags.Locked);
        if (error != Errno.None) return error;

        // POSIX's errors for pages that cannot be had (mm/mlock.c:__mlock_posix_error_return()).
        return Populate(start, start + length, ignoreErrors: false) switch
        {
            Errno.EFAULT => Errno.ENOMEM,
            Errno.ENOMEM => Errno.EAGAIN,
            var other => other,
        };
    }

    /// <summary>Unlocks a range (<c>munlock</c>).</summary>
    /// <returns>ENOMEM: a hole, or the map count; what lies before is unlocked. EINVAL: the range wraps.</returns>
    /// <inheritdoc cref="TryMemoryLock"/>
    public Errno TryMemoryUnlock(ulong address, ulong length)
    {
        EnterCall();
        (ulong start, length) = WholePages(address, length);
        return ChangeLock(start, length, AreaFlags.None);
    }

    /// <summary>Locks all that is or will be mapped (<c>mlockall</c>).</summary>
    /// <returns>EINVAL: no or unknown flags, or OnFault alone. EPERM: RLIMIT_MEMLOCK is 0. ENOMEM: more is mapped than RLIMIT_MEMLOCK allows.</returns>
    public Errno TryMemoryLockAll(LockAllFlags flags)
    {
        EnterCall();
        const LockAllFlags Known = LockAllFlags.Current | LockAllFlags.Future | LockAllFlags.OnFault;
        if (flags is LockAllFlags.None or LockAllFlags.OnFault || (flags & ~Known) != 0) return Errno.EINVAL;
        if (!MayLock) return Errno.EPERM;

        bool current = (flags & LockAllFlags.Current) != 0;
        AreaFlags locks = (flags & LockAllFlags.OnFault) != 0 ? AreaFlags.LockMask : AreaFlags.Locked;
        if (!MmapLock.TryEnterWrite(LockUser.MemoryLock, FatalSignal)) return Errno.EINTR;
        try
        {
            if (current && !Options.Privileged && Usage.Total > Page.Count(Limits.MemoryLock)) return Errno.ENOMEM;
            _defaultFlags = (flags & LockAllFlags.Future) != 0 ? locks : AreaFlags.None;
            if (current) ApplyLockToAll(locks);
        }
        finally
        {
            MmapLock.ExitWrite();
        }

        if (current) Populate(0, UserSpace.End, ignoreErrors: true);
        return Errno.None;
    }

    /// <summary>Undoes all locking, of what is and of what will be mapped (<c>munlockall</c>).</summary>
    /// <exception cref="AddressSpaceException">EINTR: killed. It cannot fail otherwise.</exception>
    public void MemoryUnlockAll()
    {
        EnterCall();
        if (!MmapLock.TryEnterWrite(LockUser.MemoryLock, FatalSignal)) throw new AddressSpaceException("munlockall", Errno.EINTR);
        try
        {
            _defaultFlags = AreaFlags.None;
            ApplyLockToAll(AreaFlags.None);
        }
        finally
        {
            MmapLock.ExitWrite();
        }
    }

    /// <summary>The pages that a range touches. A length so large that it wraps becomes 0, as on Linux.</summary>
    private static (ulong Start, ulong Length) WholePages(ulong address, ulong length) =>
        (Page.Floor(address), Page.Ceiling(length + (address & Page.OffsetMask)));

    private Errno ChangeLock(ulong start, ulong length, AreaFlags locks)
    {
        for (WriterHold hold = EnterWrite(LockUser.MemoryLock, start, start + length); ; hold = EnterWriteWhole(LockUser.MemoryLock))
        {
            try
            {
                if (hold.IsKilled) return Errno.EINTR;
                Errno error = ApplyLock(start, length, locks, hold.Change);
                if (!hold.IsRefusal(error)) return error;
            }
            finally
            {
                hold.Exit();
            }
        }
    }

    /// <summary>Replaces the lock flags of a range (<c>mm/mlock.c:do_mlock()</c>, <c>apply_vma_lock_flags()</c>).</summary>
    private Errno ApplyLock(ulong start, ulong length, AreaFlags locks, AreaChange change)
    {
        // What is locked already is not counted again.
        if (locks != AreaFlags.None && !change.Room.MayLockMore(locks, length - (LockedWithin(start, length) << Page.Shift))) return Errno.ENOMEM;
        ulong end = start + length;
        if (end < start) return Errno.EINVAL;
        while (start < end)
        {
            if (Areas.Find(start) is not { } area) return Errno.ENOMEM;
            if (ApplyLock(area, start, Math.Min(area.End, end), locks, change) is not { } changed) return Errno.ENOMEM;
            start = changed.End;
        }

        return Errno.None;
    }

    /// <summary>Replaces the lock flags of all areas; those that cannot be changed are left out (<c>mm/mlock.c:apply_mlockall_flags()</c>).</summary>
    private void ApplyLockToAll(AreaFlags locks)
    {
        ulong position = 0;
        while (Areas.FindFirstEndingAfter(position) is { } area)
        {
            VmArea? changed = ApplyLock(area, area.Start, area.End, locks, _change);
            position = (changed ?? area).End;
        }
    }

    /// <summary>Returns the area that covers the part afterwards; null if the map count forbids a split (<c>mm/mlock.c:mlock_fixup()</c>).</summary>
    private static VmArea? ApplyLock(VmArea area, ulong start, ulong end, AreaFlags locks, AreaChange change)
    {
        AreaFlags flags = (area.Flags & ~AreaFlags.LockMask) | locks;
        if (flags == area.Flags || area.HasRawFrames) return area;
        VmArea? changed = ChangeFlags(area, start, end, flags, change);
        change.Release();
        change.Finish();
        return changed;
    }

    /// <summary>Locked pages of a range: locking them again adds nothing (<c>mm/mlock.c:count_mm_mlocked_page_nr()</c>).</summary>
    private ulong LockedWithin(ulong start, ulong length)
    {
        ulong end = start + length < start ? ulong.MaxValue : start + length;
        ulong pages = 0;
        foreach (VmArea area in Areas.Range(start, end))
        {
            if (area.Has(AreaFlags.Locked)) pages += Page.Count(Math.Min(area.End, end) - Math.Max(area.Start, start));
        }

        return pages;
    }
}
