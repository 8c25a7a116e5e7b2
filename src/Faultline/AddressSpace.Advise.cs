using Faultline.Areas;
using Faultline.Faults;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline;

/// <content><c>madvise</c>.</content>
public sealed partial class AddressSpace
{
    /// <summary>Gives advice about a range; see <see cref="TryAdvise"/>.</summary>
    /// <exception cref="AddressSpaceException">The call failed.</exception>
    public void Advise(ulong address, ulong length, Advice advice) => ThrowIfFailed("madvise", TryAdvise(address, length, advice));

    /// <summary>Gives advice about a range (<c>madvise</c>; Linux <c>mm/madvise.c:do_madvise()</c>).</summary>
    /// <param name="address">Page-aligned.</param>
    /// <param name="length">In bytes, rounded up to whole pages; 0 does nothing.</param>
    /// <param name="advice">What is to be done, or known.</param>
    /// <returns>
    /// <list type="bullet">
    /// <item>EINVAL: unknown advice, unaligned, the range wraps; advice that an area of the range cannot take: dropping or paging out locked memory, Free of
    /// anything but private anonymous memory, WipeOnFork of shared memory or files, PopulateRead or PopulateWrite without the right.</item>
    /// <item>ENOMEM: a hole; what lies around it has been advised, except for the Populate advice, which stops there. Populate: also no frame.</item>
    /// <item>EAGAIN: the map count forbids a split. EFAULT: Populate beyond the end of a file.</item>
    /// <item>HardwarePoison: EPERM without the privilege; EFAULT: a page that cannot be read; EBUSY: one that is not private or that others hold too.</item>
    /// <item>Remove, EINVAL: locked, or no file. EACCES: not shared and writable. EOPNOTSUPP: the file cannot have holes.</item>
    /// </list>
    /// Areas before the one that cannot take the advice have taken it, as on Linux.
    /// </returns>
    public Errno TryAdvise(ulong address, ulong length, Advice advice)
    {
        EnterCall();
        if (!AdviceRules.IsKnown(advice) || !Page.IsAligned(address)) return Errno.EINVAL;
        ulong rounded = Page.Ceiling(length);
        if (rounded == 0 && length != 0) return Errno.EINVAL;
        ulong end = address + rounded;
        if (end < address) return Errno.EINVAL;
        if (end == address) return Errno.None;
        if (IsKilled) return Errno.EINTR;
        if (advice == Advice.HardwarePoison) return Options.Privileged ? PoisonPages(address, end) : Errno.EPERM;
        if (advice is Advice.PopulateRead or Advice.PopulateWrite) return PopulateAsAdvised(address, end, advice);

        if (AdviceRules.ChangesFlags(advice)) return AdviseForGood(address, end, advice);
        RangeHold range = EnterRead(LockUser.Advise, address, end);
        try
        {
            return AdviseLocked(address, end, advice, change: null);
        }
        finally
        {
            ExitRead(range);
        }
    }

    /// <summary>Advice that areas remember.</summary>
    private Errno AdviseForGood(ulong start, ulong end, Advice advice)
    {
        for (WriterHold hold = EnterWrite(LockUser.Advise, start, end); ; hold = EnterWriteWhole(LockUser.Advise))
        {
            try
            {
                if (hold.IsKilled) return Errno.EINTR;
                Errno error = AdviseLocked(start, end, advice, hold.Change);
                if (!hold.IsRefusal(error)) return error;
            }
            finally
            {
                hold.Exit();
            }
        }
    }

    /// <summary>Holes are passed over and reported at the end (<c>mm/madvise.c:madvise_walk_vmas()</c>).</summary>
    private Errno AdviseLocked(ulong start, ulong end, Advice advice, AreaChange? change)
    {
        var holes = Errno.None;
        while (start < end)
        {
            if (Areas.FindFirstEndingAfter(start) is not { } area || area.Start >= end) return Errno.ENOMEM;
            if (area.Start > start)
            {
                holes = Errno.ENOMEM;
                start = area.Start;
            }

            ulong stop = Math.Min(area.End, end);
            Errno error = change is not null ? AdviseFlags(ref area, start, stop, advice, change) : AdvisePages(area, start, stop, advice);
            if (error != Errno.None) return error;
            start = area.End;
        }

        return holes;
    }

    /// <summary>Advice that an area remembers; <paramref name="area"/> becomes the area that covers the part afterwards.</summary>
    private static Errno AdviseFlags(ref VmArea area, ulong start, ulong end, Advice advice, AreaChange change)
    {
        Errno error = AdviceRules.FlagsAfter(area, advice, out AreaFlags flags);
        if (error != Errno.None || flags == area.Flags) return error;
        if (ChangeFlags(area, start, end, flags, change) is not { } changed) return Errno.EAGAIN;
        change.Release();
        change.Finish();
        area = changed;
        return Errno.None;
    }

    /// <summary>Advice that acts on the pages now. The areas stay even: each page's entry is cleared under its table's lock.</summary>
    private Errno AdvisePages(VmArea area, ulong start, ulong end, Advice advice)
    {
        Errno error = AdviceRules.CheckPages(area, advice);
        if (error != Errno.None) return error;
        switch (advice)
        {
            case Advice.DontNeed or Advice.DontNeedLocked:
                PageOperations.Zap(this, start, end, new ReadOnlySpan<VmArea>(in area));
                break;
            case Advice.Free:
                PageOperations.MarkLazyFree(this, start, end);
                break;
            case Advice.Remove:
                area.File!.PunchHoleCore(area.PageIndex(start) << Page.Shift, end - start);
                break;
            case Advice.PageOut when Memory.Reclaimer.IsEnabled:
                PageOut(start, end);
                break;
        }

        return Errno.None;
    }

    /// <summary>Asks the pages of a range to leave, except those that other entries map too (<c>mm/madvise.c:madvise_pageout()</c>).</summary>
    private void PageOut(ulong start, ulong end)
    {
        // Frame numbers are only guesses once the table's lock is free: reclaim finds the entries again. It takes the lock itself, so not under it.
        const ulong Window = (ulong)PageOutBatch << Page.Shift;
        Span<uint> batch = stackalloc uint[PageOutBatch];
        for (ulong position = start; position < end; position += Math.Min(Window, end - position))
        {
            var visitor = new NormalPages(batch);
            PageOperations.Visit(this, position, position + Math.Min(Window, end - position), ref visitor);
            foreach (uint pfn in batch[..visitor.Count]) Memory.Reclaimer.PageOutNow(pfn);
        }
    }

    private const int PageOutBatch = 64;

    private ref struct NormalPages(Span<uint> found) : IPageVisitor
    {
        private readonly Span<uint> _found = found;

        public int Count { get; private set; }

        public void Visit(ulong address, Pte entry, ref FrameInfo frame)
        {
            if (entry.HasPage && (frame.State & (FrameState.Anonymous | FrameState.Cached)) != 0) _found[Count++] = entry.Frame;
        }
    }

    /// <summary><c>mm/madvise.c:madvise_populate()</c>: stops at the first obstacle.</summary>
    private Errno PopulateAsAdvised(ulong start, ulong end, Advice advice)
    {
        bool write = advice == Advice.PopulateWrite;
        while (start < end)
        {
            if (Areas.Find(start) is not { } area) return Errno.ENOMEM;
            if (area.Has(AreaFlags.PureFrames) || !area.Has(write ? AreaFlags.Write : AreaFlags.Read)) return Errno.EINVAL;
            ulong stop = Math.Min(area.End, end);
            FaultSignal signal = Populate(start, stop, write ? AccessKind.Write : AccessKind.Read);
            if (signal == FaultSignal.HardwarePoison) return Errno.EHWPOISON;
            if (signal != FaultSignal.None) return PopulateError(signal);
            start = stop;
        }

        return Errno.None;
    }

    /// <summary><c>mm/madvise.c:madvise_inject_error()</c>: faults each page in, then loses it.</summary>
    private Errno PoisonPages(ulong start, ulong end)
    {
        for (ulong address = start; address < end; address += Page.Size)
        {
            FaultSignal signal = FaultHandler.Populate(this, address, AccessKind.Read);
            if (signal != FaultSignal.None) return signal == FaultSignal.Killed ? Errno.EINTR : Errno.EFAULT;
            RangeHold range = EnterRead(LockUser.Advise, address, address + Page.Size);
            bool poisoned = PageOperations.TryPoison(this, address);
            ExitRead(range);
            if (!poisoned) return Errno.EBUSY;
        }

        return Errno.None;
    }
}
