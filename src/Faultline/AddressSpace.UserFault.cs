using Faultline.Areas;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline;

/// <content><c>userfaultfd</c>: ranges whose faults user code serves, and what that code does to serve them.</content>
public sealed partial class AddressSpace
{
    /// <summary>
    /// Lets <paramref name="handler"/> serve the faults of a range (<c>UFFDIO_REGISTER</c>; Linux <c>fs/userfaultfd.c</c>). Faults that are under way, speculative ones
    /// too, ask the handler if their page is not installed by the time that this returns. A forked child and a moved mapping are not registered.
    /// </summary>
    /// <param name="address">Page-aligned.</param>
    /// <param name="length">In bytes, a multiple of 4096, not 0.</param>
    /// <param name="handler">Who is asked. Registering again with the same handler changes the modes.</param>
    /// <param name="modes">What about.</param>
    /// <returns>
    /// EINVAL: unaligned, no or unknown modes, nothing mapped, or anything but private anonymous memory (Linux
    /// also takes shared memory). EPERM: memory that can never be written.
    /// EBUSY: another handler is registered. ENOMEM: the map count.
    /// </returns>
    public Errno TryRegisterUserFault(ulong address, ulong length, UserFaultHandler handler, UserFaultModes modes)
    {
        ArgumentNullException.ThrowIfNull(handler);
        const UserFaultModes Known = UserFaultModes.Missing | UserFaultModes.WriteProtect;
        if (modes == UserFaultModes.None || (modes & ~Known) != 0) return Errno.EINVAL;
        AreaFlags flags = ((modes & UserFaultModes.Missing) != 0 ? AreaFlags.UserFaultMissing : 0)
            | ((modes & UserFaultModes.WriteProtect) != 0 ? AreaFlags.UserFaultWriteProtect : 0);
        return ChangeUserFault(address, length, handler, flags);
    }

    /// <summary>Ends a registration (<c>UFFDIO_UNREGISTER</c>); write protections end with it. Faults that wait for the handler wait on.</summary>
    /// <returns>EINVAL: as for <see cref="TryRegisterUserFault"/>. ENOMEM: the map count.</returns>
    public Errno TryUnregisterUserFault(ulong address, ulong length) => ChangeUserFault(address, length, handler: null, AreaFlags.None);

    /// <summary>Gives missing pages contents, each at once (<c>UFFDIO_COPY</c>).</summary>
    /// <param name="address">Page-aligned.</param>
    /// <param name="contents">Whole pages.</param>
    /// <param name="writeProtect">The pages come write-protected (<c>UFFDIO_COPY_MODE_WP</c>).</param>
    /// <param name="copied">Bytes that arrived, also after a failure.</param>
    /// <returns>
    /// EINVAL: unaligned, empty, or <paramref name="writeProtect"/> where that mode is not registered. ENOENT: not registered. EEXIST: the page is there already. ENOMEM: no
    /// frame.
    /// </returns>
    public Errno TryUserFaultCopy(ulong address, ReadOnlySpan<byte> contents, bool writeProtect, out ulong copied)
    {
        EnterCall();
        copied = 0;
        if (!IsWholePages(address, (ulong)contents.Length)) return Errno.EINVAL;
        for (; !contents.IsEmpty; contents = contents[Page.Size..], copied += Page.Size)
        {
            uint frame = Memory.Frames.TryAllocate(Options.MemoryGroup);
            if (frame == PhysicalMemory.NoFrame) return Errno.ENOMEM;
            contents[..Page.Size].CopyTo(Memory.Contents(frame));
            Errno error = FillUserFault(address + copied, frame, writeProtect);
            if (error == Errno.None) continue;
            Memory.Frames.Free(frame);
            return error;
        }

        return Errno.None;
    }

    /// <summary>Fills missing pages with zeroes (<c>UFFDIO_ZEROPAGE</c>).</summary>
    /// <param name="address">Page-aligned.</param>
    /// <param name="length">In bytes, a multiple of 4096.</param>
    /// <param name="filled">Bytes that were filled, also after a failure.</param>
    /// <returns>As for <see cref="TryUserFaultCopy"/>.</returns>
    public Errno TryUserFaultZero(ulong address, ulong length, out ulong filled)
    {
        EnterCall();
        filled = 0;
        if (!IsWholePages(address, length)) return Errno.EINVAL;
        for (; filled < length; filled += Page.Size)
        {
            Errno error = FillUserFault(address + filled, PhysicalMemory.ZeroFrame, writeProtect: false);
            if (error != Errno.None) return error;
        }

        return Errno.None;
    }

    /// <summary>
    /// Protects the pages that are there against writing, so that the next write asks the handler, or lifts that (<c>UFFDIO_WRITEPROTECT</c>). After it returns no write
    /// by the older rights can happen.
    /// </summary>
    /// <param name="address">Page-aligned.</param>
    /// <param name="length">In bytes, a multiple of 4096.</param>
    /// <param name="protect">True to protect.</param>
    /// <returns>EINVAL: unaligned or empty. ENOENT: the range is not registered for write protection throughout; nothing has changed.</returns>
    public Errno TryUserFaultWriteProtect(ulong address, ulong length, bool protect)
    {
        EnterCall();
        if (!IsWholePages(address, length)) return Errno.EINVAL;

        // For write, unlike Linux: a page on its way to another frame, under the read lock, has no entry that could carry the mark. No area is replaced: the pages are
        // all that is locked.
        WriterHold hold = EnterWrite(LockUser.Protect, new Exactly(address, address + length));
        try
        {
            if (hold.IsKilled) return Errno.EINTR;
            for (ulong position = address; position < address + length;)
            {
                if (Areas.Find(position) is not { } area || !area.Has(AreaFlags.UserFaultWriteProtect)) return Errno.ENOENT;
                position = area.End;
            }

            PageOperations.UserProtect(this, address, address + length, protect);
            return Errno.None;
        }
        finally
        {
            hold.Exit();
        }
    }

    private static bool IsWholePages(ulong address, ulong length) =>
        Page.IsAligned(address) && Page.IsAligned(length) && length != 0 && UserSpace.Contains(address, length);

    private Errno ChangeUserFault(ulong address, ulong length, UserFaultHandler? handler, AreaFlags flags)
    {
        EnterCall();
        if (!IsWholePages(address, length)) return Errno.EINVAL;
        ulong end = address + length;
        for (WriterHold hold = EnterWrite(LockUser.Advise, address, end); ; hold = EnterWriteWhole(LockUser.Advise))
        {
            try
            {
                if (hold.IsKilled) return Errno.EINTR;
                Errno error = ChangeUserFault(address, end, handler, flags, hold.Change);
                if (!hold.IsRefusal(error)) return error;
            }
            finally
            {
                hold.Exit();
            }
        }
    }

    private Errno ChangeUserFault(ulong address, ulong end, UserFaultHandler? handler, AreaFlags flags, AreaChange change)
    {
        Errno error = CheckUserFault(address, end, handler);
        if (error != Errno.None) return error;
        for (ulong start = address; start < end && Areas.FindFirstEndingAfter(start) is { } area && area.Start < end;)
        {
            (ulong from, ulong to) = (Math.Max(area.Start, start), Math.Min(area.End, end));
            start = to;
            AreaFlags changed = (area.Flags & ~AreaFlags.UserFaultMask) | flags;
            if (changed == area.Flags && area.Handler == handler) continue;
            if (ChangeFlags(area, from, to, changed, handler, change) is null) return Errno.ENOMEM;

            // A mark counts only where it is registered: what an earlier registration has left behind goes now.
            if (!area.Has(AreaFlags.UserFaultWriteProtect)) PageOperations.UserProtect(this, from, to, protect: false);
            change.Release();
            change.Finish();
        }

        return Errno.None;
    }

    /// <summary>The whole range, before anything changes (<c>fs/userfaultfd.c:userfaultfd_register()</c>).</summary>
    private Errno CheckUserFault(ulong start, ulong end, UserFaultHandler? handler)
    {
        if (Areas.FindFirstEndingAfter(start) is not { } first || first.Start >= end) return Errno.EINVAL;
        foreach (VmArea area in Areas.Range(start, end))
        {
            if (!area.IsAnonymous) return Errno.EINVAL;
            if (!area.Has(AreaFlags.MayWrite)) return Errno.EPERM;
            if (handler is not null && area.Handler is { } other && other != handler) return Errno.EBUSY;
        }

        return Errno.None;
    }

    /// <summary>Installs a frame, the zero frame or the caller's, at a page that has none.</summary>
    private Errno FillUserFault(ulong address, uint frame, bool writeProtect)
    {
        Errno? done;
        do done = TryFillUserFault(address, frame, writeProtect);
        while (done is null);

        return done.Value;
    }

    /// <summary>Null to look again: a call on other pages of the area is replacing it, and the reverse map of a page is that of the new one.</summary>
    private Errno? TryFillUserFault(ulong address, uint frame, bool writeProtect)
    {
        RangeHold range = EnterRead(LockUser.Populate, address, address + Page.Size);
        try
        {
            if (Areas.Find(address) is not { Handler: not null } area) return Errno.ENOENT;
            if (writeProtect && !area.Has(AreaFlags.UserFaultWriteProtect)) return Errno.EINVAL;
            if (area.AnonVma is null && frame != PhysicalMemory.ZeroFrame)
            {
                AnonVmaPreparation.Prepare(this, area);
                if (area.AnonVma is null) return null;
            }

            if (!PageTable.TryEnsure(address, Graveyard)) return Errno.ENOMEM;
            return PageOperations.TryFill(this, area, address, frame, writeProtect) ? Errno.None : Errno.EEXIST;
        }
        finally
        {
            ExitRead(range);
        }
    }
}
