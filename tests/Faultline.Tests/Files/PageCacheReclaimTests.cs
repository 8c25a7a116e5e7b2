namespace Faultline.Tests.Files;

/// <summary>Pages of files that leave for want of frames, and those that stay. No memory here has a swap device.</summary>
public class PageCacheReclaimTests
{
    private const ulong P = Page.Size;
    private const int Pages = 20;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesAreNotUsedThenTheyLeaveAndAreReadAgain(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new TestFile(guest.Memory, Pages * P);
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Private, file, 0);
        for (int page = 0; page < Pages; page++) Assert.Equal(page, guest.Cpu.Read<byte>(Guest.At(page)));
        Assert.Equal(Pages, guest.ReclaimAll());
        Assert.Equal(Pages, guest.Memory.ReclaimStatistics.FilePagesDropped);
        for (int page = 0; page < Pages; page++) Assert.True(guest.EntryOf(page).IsNone);
        for (int page = 0; page < Pages; page++) Assert.Equal(page, guest.Cpu.Read<byte>(Guest.At(page)));
        Assert.Equal(2 * Pages, file.Reads);
    }

    /// <summary>
    /// <code>
    ///   one space      |0 .. 19|   |5 .. 9| (split)        another      |3 .. 19|
    /// </code>
    /// </summary>
    [Fact]
    public void WhenSeveralAreasOfSeveralSpacesMapAPageThenItLeavesAllOfThem()
    {
        using var guest = new Guest();
        using var file = new TestFile(guest.Memory, Pages * P);
        AddressSpace other = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(other);
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Private, file, 0);
        guest.Space.Map(Guest.At(100), 5 * P, Protection.Read, Guest.Shared, file, 5 * P);
        guest.Protect(102, 1, Protection.None);
        guest.Protect(102, 1, Protection.Read);
        other.Map(Guest.At(3), 17 * P, Protection.Read, Guest.Shared, file, 3 * P);
        for (int page = 0; page < Pages; page++) guest.Cpu.Read<byte>(Guest.At(page));
        for (int page = 100; page < 105; page++) guest.Cpu.Read<byte>(Guest.At(page));
        for (int page = 3; page < Pages; page++) cpu.Read<byte>(Guest.At(page));
        Assert.Equal(Pages, guest.ReclaimAll());
        for (int page = 0; page < 110; page++) Assert.True(guest.EntryOf(page).IsNone && guest.EntryOf(page, other).IsNone);
        Assert.Equal((7, 7, 7), (guest.Cpu.Read<byte>(Guest.At(7)), guest.Cpu.Read<byte>(Guest.At(102)), cpu.Read<byte>(Guest.At(7))));
    }

    [Fact]
    public void WhenMoreEntriesMapAPageThanOnePassTakesThenItLeavesAllTheSame()
    {
        using var guest = new Guest();
        using var file = new TestFile(guest.Memory, P);
        for (int i = 0; i < 40; i++)
        {
            guest.Space.Map(Guest.At(2 * i), P, Protection.Read, Guest.Shared, file, 0);
            guest.Cpu.Read<byte>(Guest.At(2 * i));
        }

        Assert.Equal(1, guest.ReclaimAll());
        for (int i = 0; i < 40; i++) Assert.True(guest.EntryOf(2 * i).IsNone);
    }

    [Fact]
    public void WhenPagesAreLockedOrPinnedThenTheyStayInEverySpace()
    {
        using var guest = new Guest(privileged: true);
        using var file = new TestFile(guest.Memory, Pages * P);
        AddressSpace other = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(other);
        foreach (AddressSpace space in (AddressSpace[])[guest.Space, other]) space.Map(Guest.At(0), Pages * P, Protection.Read, Guest.Shared, file, 0);
        for (int page = 0; page < Pages; page++) Assert.Equal(guest.Cpu.Read<byte>(Guest.At(page)), cpu.Read<byte>(Guest.At(page)));
        guest.Space.MemoryLock(Guest.At(0), 5 * P);
        using (guest.Space.PinPages(Guest.At(7), P))
        {
            Assert.Equal(Pages - 6, guest.ReclaimAll());
            for (int page = 0; page < Pages; page++)
            {
                Assert.Equal(page is < 5 or 7, guest.EntryOf(page).IsPresent);
                Assert.Equal(page is < 5 or 7, guest.EntryOf(page, other).IsPresent);
            }
        }

        Assert.Equal(1, guest.ReclaimAll());
    }

    [Fact]
    public void WhenPagesAreReadByCallsThenTheOthersLeaveFirst()
    {
        using var guest = new Guest();
        using var file = new TestFile(guest.Memory, 400 * P);
        byte[] page = new byte[1];
        for (ulong i = 0; i < 400; i++) file.Read(i * P, page);
        for (int round = 0; round < 6; round++)
        {
            for (ulong i = 0; i < 100; i++) file.Read(i * P, page);
            guest.Memory.Reclaimer.Free(20);
        }

        int left = Enumerable.Range(0, 400).Count(i => file.Cache.IsAbsent((ulong)i));
        int used = Enumerable.Range(0, 100).Count(i => file.Cache.IsAbsent((ulong)i));
        Assert.InRange(left, 100, 400);
        Assert.True(used * 10 < left, $"Of {left} pages that left {used} were in use.");
    }

    /// <summary>As Linux 6.18 does on ext4 and tmpfs.</summary>
    [Fact]
    public void WhenPagesAreAdvisedToLeaveThenCleanOnesGoChangedOnesAreOnlyUnmappedAndSharedOnesStay()
    {
        using var guest = new Guest();
        using var file = new StoredFile(guest.Memory, new byte[Pages * P]);
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Space.Map(Guest.At(100), 2 * P, Protection.Read, Guest.Shared, file, 0);
        for (int page = 0; page < Pages; page++) guest.Cpu.Read<byte>(Guest.At(page));
        for (int page = 100; page < 102; page++) guest.Cpu.Read<byte>(Guest.At(page));
        guest.Touch(5, 3);
        guest.Advise(0, Pages, Advice.PageOut);
        byte[] resident = new byte[Pages];
        guest.Space.MinCore(Guest.At(0), Pages * P, resident);
        for (int page = 0; page < Pages; page++)
        {
            Assert.Equal(page < 2, guest.EntryOf(page).IsPresent);
            Assert.Equal(page is < 2 or (>= 5 and < 8) ? 1 : 0, resident[page]);
        }

        Assert.Empty(file.TakeWritten());
        for (int page = 5; page < 8; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
    }

    /// <summary>Reclaim waits for the session, and the last holder of the file would wait for reclaim.</summary>
    [Fact]
    public async Task WhenAFileIsLetGoInASessionThatReclaimWaitsForThenNobodyWaitsForEver()
    {
        using var guest = new Guest();
        var file = new TestFile(guest.Memory, P);
        guest.Space.Map(Guest.At(0), P, Protection.Read, Guest.Shared, file, 0);
        guest.Map(4, 1);
        guest.Cpu.Read<byte>(Guest.At(0));
        Task<int> reclaim;
        Task unmap;
        using (MemoryAccessor.Session session = guest.Cpu.OpenSession())
        {
            session.Renew(Guest.At(4), AccessKind.Write);
            reclaim = Task.Run(() => guest.ReclaimAll(), TestContext.Current.CancellationToken);
            Wait.UntilDue(session);
            unmap = Task.Run(() => guest.Unmap(0, 1), TestContext.Current.CancellationToken);
            Thread.Sleep(20);
            file.Dispose();
            Assert.False(unmap.IsCompleted);
        }

        await unmap;
        await reclaim;
        Assert.True(file.IsReleased);
    }
}
