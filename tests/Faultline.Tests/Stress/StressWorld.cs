namespace Faultline.Tests.Stress;

/// <summary>
/// Private memory of one space: whoever takes a page away leaves a fresh one, or a hole. If one thread alone makes the calls, it
/// looks with its accessor, <paramref name="soleCaller"/>, whether they left what they should.
/// </summary>
internal sealed class StressWorld(Guest guest, int pages, int stride = 1, int first = 0, MemoryAccessor? soleCaller = null) : StressPages(pages)
{
    private const int Away = 1 << 18;

    /// <summary>Address of a page: pages may lie apart, so that each needs tables of its own.</summary>
    public override ulong At(int page) => Guest.At(first + (page * stride));

    /// <summary>Where <see cref="MoveAway"/> puts a page.</summary>
    public ulong AwayAt(int page) => At(page) + ((ulong)Away << Page.Shift);

    protected override bool MayDeliver(FaultSignal signal) =>
        signal is FaultSignal.NotMapped or FaultSignal.NotPermitted or FaultSignal.OutOfMemory;

    private ulong LengthOf(int count) => (ulong)(((count - 1) * stride) + 1) << Page.Shift;

    public void MapAll() => MapAgain(0, Pages);

    /// <summary>Maps a range anew, whatever is there.</summary>
    public void MapAgain(int page, int count) => Dropping(page, count, () =>
    {
        guest.Space.Map(At(page), LengthOf(count), Protection.ReadWrite, Guest.Private | MapFlags.NoReserve);
        return true;
    });

    public void Unmap(int page, int count) => Dropping(page, count, () =>
    {
        guest.Space.Unmap(At(page), LengthOf(count));
        if (soleCaller is not null) AssertRefused(soleCaller, page, count, AccessKind.Read, FaultSignal.NotMapped);
        return true;
    });

    /// <summary>
    /// ENOMEM says that the range has holes; then it is not said what is gone. A hole may be that of an unmap which has given the lock back for reading, and has yet to take its pages
    /// away: they can be read until it returns, also after an MADV_DONTNEED that came and went meanwhile. So it is on Linux.
    /// </summary>
    public void Drop(int page, int count) => Dropping(page, count, () =>
    {
        Errno error = guest.Space.TryAdvise(At(page), LengthOf(count), Advice.DontNeed);
        Assert.Contains(error, new[] { Errno.None, Errno.ENOMEM });
        return error == Errno.None;
    });

    public void Protect(int page, int count, Protection protection)
    {
        Errno error = guest.Space.TryProtect(At(page), LengthOf(count), protection);
        Assert.Contains(error, new[] { Errno.None, Errno.ENOMEM });
        if (soleCaller is not null && error == Errno.None) AssertRights(soleCaller, page, count, protection);
    }

    /// <summary>
    /// Moves one page elsewhere, looks at what arrived, and unmaps it there. Leaves a hole, or with <paramref name="keep"/> a fresh page.
    /// </summary>
    public void MoveAway(MemoryAccessor cpu, int page, bool keep) => Dropping(page, 1, () =>
    {
        RemapFlags flags = RemapFlags.MayMove | RemapFlags.Fixed | (keep ? RemapFlags.DontUnmap : 0);
        Errno error = guest.Space.TryRemap(At(page), Page.Size, Page.Size, flags, AwayAt(page), out _);
        Assert.Contains(error, new[] { Errno.None, Errno.EFAULT, Errno.ENOMEM });
        if (error != Errno.None) return false;
        if (soleCaller is not null && !keep) AssertRefused(soleCaller, page, 1, AccessKind.Read, FaultSignal.NotMapped);
        TryCheck(cpu, page, AwayAt(page));
        guest.Space.Unmap(AwayAt(page), Page.Size);
        return true;
    });

    /// <summary>One call that takes a page or a right away, or gives some back.</summary>
    public void CallSomething(MemoryAccessor cpu, Random random)
    {
        int page = random.Next(Pages), count = 1 + random.Next(Math.Min(4, Pages - page));
        switch (random.Next(10))
        {
            case 0 or 1: MapAgain(page, count); break;
            case 2: Unmap(page, count); break;
            case 3: Drop(page, count); break;
            case 4: Protect(page, count, Protection.Read); break;
            case 5: Protect(page, count, Protection.None); break;
            case 6: MoveAway(cpu, page, keep: false); break;
            case 7: MoveAway(cpu, page, keep: true); break;
            default: Protect(page, count, Protection.ReadWrite); break;
        }

        if (soleCaller is not null)
        {
            // At once: signals cost so much time that faults would hardly happen. ENOMEM: there are holes.
            if (guest.Space.TryProtect(At(page), LengthOf(count), Protection.ReadWrite) != Errno.None) MapAgain(page, count);
            return;
        }

        if (random.Next(4) == 0) Protect(0, Pages, Protection.ReadWrite);
        if (random.Next(8) == 0) MapAll();
    }

    /// <summary>What the child sees stands still, whatever the parent writes, and what the child writes stays with it (the writers look for it).</summary>
    public void ForkAndCheck(Random random)
    {
        if (guest.Space.TryFork(out AddressSpace? child) != Errno.None) return;
        using AddressSpace space = child!;
        using MemoryAccessor cpu = space.CreateAccessor();
        int from = random.Next(Pages);
        for (int page = from; page < Math.Min(from + 4, Pages); page++)
        {
            ulong address = At(page);
            if (!TryCheck(cpu, page, address)) continue;
            byte[] before = new byte[Page.Size], after = new byte[Page.Size];
            cpu.CopyTo(address, before);
            Thread.SpinWait(random.Next(500));
            cpu.CopyTo(address, after);
            Assert.True(before.AsSpan().SequenceEqual(after), $"Page {page} of a child changed.");
            try
            {
                cpu.Write(address + Writer.Offset(random.Next(Writer.Most - 1)), 0xbadUL);
            }
            catch (MemoryFaultException)
            {
            }
        }
    }
}
