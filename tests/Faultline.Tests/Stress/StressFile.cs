using Faultline.Files;

namespace Faultline.Tests.Stress;

/// <summary>
/// Pages of a file that two spaces map at the same place. Only cuts and holes take a page's words away; whatever becomes of the mappings, who reaches the page
/// again finds them.
/// </summary>
internal sealed class StressFile(AddressSpace[] spaces, VmFile file, int pages, int first) : StressPages(pages)
{
    /// <summary>The word that only private copies have: nobody else may see one.</summary>
    private const int CopiesWord = Writer.Most - 1;

    /// <summary>Pages from the mapping to where its parts are moved, and from there to the private mapping.</summary>
    private const int Away = 1 << 18;

    private const ulong P = Page.Size;

    /// <summary>What a call about a range may return that others are changing: holes, and pages that cannot be faulted in or are locked.</summary>
    private static readonly Errno[] s_expected = [Errno.None, Errno.ENOMEM, Errno.EINVAL, Errno.EFAULT];

    // And a mapping that is not writable just now.
    private static readonly Errno[] s_expectedOfRemove = [.. s_expected, Errno.EACCES];

    // Tells each private copy's word from the last one's. Interlocked.
    private long _copies;

    public override ulong At(int page) => Guest.At(first + page);

    protected override bool MayDeliver(FaultSignal signal) =>
        signal is FaultSignal.NotMapped or FaultSignal.NotPermitted or FaultSignal.BusError;

    public void MapAll()
    {
        foreach (AddressSpace space in spaces) MapAgain(space, 0, Pages);
    }

    /// <summary>One call through one of the spaces' mappings, or on the file.</summary>
    public void CallSomething(MemoryAccessor cpu, Random random)
    {
        AddressSpace space = cpu.Space;
        int page = random.Next(Pages), count = 1 + random.Next(Math.Min(4, Pages - page));
        ulong address = At(page), length = (ulong)count * P;
        switch (random.Next(19))
        {
            case 0:
                Cut(cpu, page, random);
                break;
            case 1:
                PunchHole(space, page, count, random);
                break;
            case 2:
                space.Unmap(address, length);
                AssertRefused(cpu, page, count, AccessKind.Read, FaultSignal.NotMapped);
                break;
            case 3:
                MoveAway(cpu, page);
                break;
            case 4:
                Protect(cpu, page, count, Protection.Read);
                break;
            case 5:
                Protect(cpu, page, count, Protection.None);
                break;
            case 6:
                Assert.Contains(space.TryAdvise(address, length, Advice.DontNeed), s_expected);
                break;
            case 7:
                Assert.Contains(space.TryMemorySync(address, length), s_expected);
                break;
            case 8:
                Assert.Contains(space.TryMemoryLock(address, length), s_expected);
                break;
            case 9:
                Assert.Contains(space.TryMigrate(address, length, out int moved), s_expected);
                Assert.Equal(0, moved);
                break;
            case 10 or 11:
                CopyPrivately(cpu, page);
                break;
            case 12:
                file.Flush();
                break;
            case 13:
                Assert.Contains(space.TryAdvise(address, length, Advice.PageOut), s_expected);
                break;
            case 14:
                file.Memory.Reclaimer.Free(1 + random.Next(Pages));
                break;
            default:
                MapAgain(space, page, count);
                break;
        }

        // At once: signals cost so much time that faults would hardly happen. ENOMEM: there are holes.
        if (space.TryProtect(address, length, Protection.ReadWrite) != Errno.None) MapAgain(space, page, count);
    }

    private void MapAgain(AddressSpace space, int page, int count) =>
        space.Map(At(page), (ulong)count * P, Protection.ReadWrite, Guest.Shared, file, (ulong)page * P);

    private void Protect(MemoryAccessor cpu, int page, int count, Protection protection)
    {
        Errno error = cpu.Space.TryProtect(At(page), (ulong)count * P, protection);
        Assert.Contains(error, s_expected);
        if (error == Errno.None) AssertRights(cpu, page, count, protection);
    }

    private void Cut(MemoryAccessor cpu, int page, Random random)
    {
        MapAgain(cpu.Space, page, Pages - page);
        Dropping(page, Pages - page, () =>
        {
            file.SetLength((ulong)page * P);
            AssertRefused(cpu, page, Pages - page, AccessKind.Read, FaultSignal.BusError);
            Thread.SpinWait(random.Next(2000));
            file.SetLength((ulong)Pages * P);
            return true;
        });
    }

    private void PunchHole(AddressSpace space, int page, int count, Random random)
    {
        if (file is not MemoryFile) return;
        Dropping(page, count, () =>
        {
            var error = Errno.None;
            if (random.Next(2) == 0) file.PunchHole((ulong)page * P, (ulong)count * P);
            else error = space.TryAdvise(At(page), (ulong)count * P, Advice.Remove);
            Assert.Contains(error, s_expectedOfRemove);
            return error == Errno.None;
        });
    }

    /// <summary>A page's mapping goes elsewhere; what it shows there is the page.</summary>
    private void MoveAway(MemoryAccessor cpu, int page)
    {
        ulong away = At(page) + ((ulong)Away << Page.Shift);
        Errno error = cpu.Space.TryRemap(At(page), P, P, RemapFlags.MayMove | RemapFlags.Fixed, away, out _);
        Assert.Contains(error, s_expected);
        if (error != Errno.None) return;
        AssertRefused(cpu, page, 1, AccessKind.Read, FaultSignal.NotMapped);
        TryCheck(cpu, page, away);
        cpu.Space.Unmap(away, P);
    }

    /// <summary>A private copy has its own word beside the others', and the page never gets it.</summary>
    private void CopyPrivately(MemoryAccessor cpu, int page)
    {
        ulong address = At(page) + ((2UL * Away) << Page.Shift);
        cpu.Space.Map(address, P, Protection.ReadWrite, Guest.Private, file, (ulong)page * P);
        if (TryCheck(cpu, page, address))
        {
            ulong word = (Writer.Tag(page, CopiesWord) << 40) | (ulong)Interlocked.Increment(ref _copies);
            try
            {
                Assert.Equal(0UL, cpu.Read<ulong>(address + Writer.Offset(CopiesWord)));
                cpu.Write(address + Writer.Offset(CopiesWord), word);

                // Zero: the file was cut meanwhile, which takes copies too, and grew again.
                ulong found = cpu.Read<ulong>(address + Writer.Offset(CopiesWord));
                Assert.True(found == word || found == 0, $"A copy of page {page} holds 0x{found:x}, not 0x{word:x}.");
            }
            catch (MemoryFaultException exception)
            {
                Assert.Equal(FaultSignal.BusError, exception.Signal);
            }
        }

        cpu.Space.Unmap(address, P);
    }
}
