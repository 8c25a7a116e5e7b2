using Faultline.Files;
using Faultline.Reclaim;

namespace Faultline.Tests.Files;

/// <summary>Pages of files that leave for want of frames. No memory here has a swap device.</summary>
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
        Assert.Equal(Pages, Free(guest));
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
        Assert.Equal(Pages, Free(guest));
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

        Assert.Equal(1, Free(guest));
        for (int i = 0; i < 40; i++) Assert.True(guest.EntryOf(2 * i).IsNone);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesWereChangedThenTheyAreWrittenBeforeTheyLeave(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new StoredFile(guest.Memory, new byte[Pages * P]);
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Shared, file, 0);
        for (int page = 0; page < Pages; page += 2) guest.Cpu.Write(Guest.At(page), (byte)(page + 1));
        guest.Cpu.Read<byte>(Guest.At(1));
        file.Write(3 * P, [77]);
        Assert.InRange(Free(guest), 12, 12);
        Assert.Equal(11, file.TakeWritten().Length);
        Assert.Equal(11, guest.Memory.ReclaimStatistics.FilePagesWritten);
        Assert.Equal(77, file.Contents[3 * P]);
        for (int page = 0; page < Pages; page += 2)
        {
            Assert.Equal(page + 1, file.Contents[(ulong)page * P]);
            Assert.Equal(page + 1, guest.Cpu.Read<byte>(Guest.At(page)));
            guest.Cpu.Write(Guest.At(page), (byte)(page + 2));
        }

        file.Flush();
        for (int page = 0; page < Pages; page += 2) Assert.Equal(page + 2, file.Contents[(ulong)page * P]);
    }

    [Fact]
    public void WhenNeighboursWereChangedThenTheyAreWrittenTogether()
    {
        using var guest = new Guest();
        using var file = new StoredFile(guest.Memory, new byte[Pages * P]);
        int writes = 0;
        file.OnWrite = _ => writes++;
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Touch(0, Pages);
        Assert.Equal(Pages, Free(guest));
        Assert.Equal(1, writes);
    }

    /// <summary>An error that a file is not supposed to throw would end the reclaim thread, and with it the process.</summary>
    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(InvalidOperationException))]
    public void WhenAFileCannotBeWrittenThenItsChangedPagesStayAndTheNextFlushWritesThem(Type exception)
    {
        using var guest = new Guest();
        using var file = new StoredFile(guest.Memory, new byte[Pages * P]);
        file.OnWrite = _ => throw (Exception)Activator.CreateInstance(exception, "The test's file cannot be written.")!;
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Touch(0, 10);
        for (int page = 10; page < Pages; page++) guest.Cpu.Read<byte>(Guest.At(page));
        Assert.Equal(10, Free(guest));
        for (int page = 0; page < 10; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
        Assert.NotNull(Record.Exception(file.Flush));
        file.OnWrite = null;
        file.Flush();
        Assert.Equal(10, file.TakeWritten().Length);
        Assert.Equal(Guest.WordOf(9), BitConverter.ToUInt64(file.Contents, 9 * (int)P));
    }

    [Fact]
    public void WhenAWriteComesBetweenTheWriteBackAndTheUnmappingThenThePageStays()
    {
        using var guest = new Guest();
        using var file = new StoredFile(guest.Memory, new byte[P]);
        guest.Space.Map(Guest.At(0), P, Protection.ReadWrite, Guest.Shared, file, 0);
        MemoryAccessor cpu = guest.NewCpu();
        cpu.Write(Guest.At(0), 1UL);
        int writes = 0;
        file.OnWrite = _ =>
        {
            // Translations and entries are gone by now, and the page is locked; neither keeps a shared write out.
            if (writes++ == 0) cpu.Write(Guest.At(0) + 8, 2UL);
        };
        Assert.Equal(PageOutResult.Busy, PageOut.Try(guest.Memory, guest.FrameOf(0), PageOutMode.Urgent, mayWrite: true));
        Assert.Equal(1UL, BitConverter.ToUInt64(file.Contents));
        Assert.Equal((1UL, 2UL), (guest.Cpu.Read<ulong>(Guest.At(0)), guest.Cpu.Read<ulong>(Guest.At(0) + 8)));
        Assert.Equal(1, Free(guest));
        Assert.Equal(2UL, BitConverter.ToUInt64(file.Contents, 8));
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
            Assert.Equal(Pages - 6, Free(guest));
            for (int page = 0; page < Pages; page++)
            {
                Assert.Equal(page is < 5 or 7, guest.EntryOf(page).IsPresent);
                Assert.Equal(page is < 5 or 7, guest.EntryOf(page, other).IsPresent);
            }
        }

        Assert.Equal(1, Free(guest));
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

    /// <summary>Of a file that is not written back nothing but the cache has what a mapping or a call has changed.</summary>
    [Fact]
    public void WhenAFileCannotTakeChangesBackThenItsChangedPagesStay()
    {
        using var guest = new Guest();
        using var file = new GeneratedFile(guest.Memory, "/generated", new FileIdentity(1, 2, 3), Pages * P);
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Shared, file, 0);
        for (int page = 0; page < Pages; page++) guest.Cpu.Read<ulong>(Guest.At(page));
        guest.Touch(0, 3);
        file.Write(5 * P, [77]);
        Assert.Equal(Pages - 4, Free(guest));
        for (int page = 0; page < 3; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
        Assert.Equal(77, guest.Cpu.Read<byte>(Guest.At(5)));
        Assert.Equal(GeneratedFile.WordAt(file.Identity, 9, 0), guest.Cpu.Read<ulong>(Guest.At(9)));
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

    /// <summary>It may hold what the file's code needs, or be inside that code.</summary>
    [Fact]
    public void WhenAThreadReclaimsForWantOfAFrameThenItDropsPagesButWritesNone()
    {
        using var guest = new Guest();
        guest.Memory.Reclaimer.Stop();
        using var file = new StoredFile(guest.Memory, new byte[Pages * P]);
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Shared, file, 0);
        for (int page = 5; page < Pages; page++) guest.Cpu.Read<byte>(Guest.At(page));
        guest.Touch(0, 5);
        Assert.True(guest.Memory.Reclaimer.TryFreeSome(null));
        Assert.False(guest.Memory.Reclaimer.TryFreeSome(null));
        Assert.Empty(file.TakeWritten());
        Assert.Equal(Pages - 5, guest.Memory.ReclaimStatistics.FilePagesDropped);
    }

    [Fact]
    public async Task WhenAPageIsBeingWrittenForReclaimThenAFlushWaitsForIt()
    {
        using var guest = new Guest();
        using var file = new StoredFile(guest.Memory, new byte[P]);
        using var writing = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        guest.Space.Map(Guest.At(0), P, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Cpu.Write(Guest.At(0), (byte)7);
        file.OnWrite = _ =>
        {
            writing.Set();
            goOn.Wait(TestContext.Current.CancellationToken);
        };
        Task<int> reclaim = Task.Run(() => Free(guest), TestContext.Current.CancellationToken);
        writing.Wait(TestContext.Current.CancellationToken);
        Task flush = Task.Run(file.Flush, TestContext.Current.CancellationToken);
        Assert.NotSame(flush, await Task.WhenAny(flush, Task.Delay(50, TestContext.Current.CancellationToken)));
        goOn.Set();
        await flush;
        Assert.Equal(7, file.Contents[0]);
        await reclaim;
    }

    [Fact]
    public async Task WhenTheFileIsLetGoWhileReclaimIsAtItThenItClosesAfterwardsWithEverythingWritten()
    {
        using var guest = new Guest();
        var file = new StoredFile(guest.Memory, new byte[2 * P]);
        using var writing = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        guest.Space.Map(Guest.At(0), 2 * P, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Cpu.Write(Guest.At(0), (byte)7);
        bool wasClosed = false;
        file.OnWrite = _ =>
        {
            writing.Set();
            goOn.Wait(TestContext.Current.CancellationToken);
            wasClosed |= file.IsClosed;
        };
        Task<int> reclaim = Task.Run(() => Free(guest), TestContext.Current.CancellationToken);
        writing.Wait(TestContext.Current.CancellationToken);
        Task close = Task.Run(
            () =>
            {
                guest.Unmap(0, 2);
                file.Dispose();
            },
            TestContext.Current.CancellationToken);
        Assert.NotSame(close, await Task.WhenAny(close, Task.Delay(50, TestContext.Current.CancellationToken)));
        goOn.Set();
        await close;
        Assert.True(file.IsClosed && !wasClosed);
        Assert.Equal(7, file.Contents[0]);
        await reclaim;
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
            reclaim = Task.Run(() => Free(guest), TestContext.Current.CancellationToken);
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

    /// <summary>By mappings and by calls, with nothing else to take frames from.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAFileIsFourTimesTheMemoryThenAllOfItCanBeRead(FaultDesign design)
    {
        const int Frames = 512, Many = 4 * Frames;
        using var guest = new Guest(design, Frames);
        using var file = new GeneratedFile(guest.Memory, "/generated", new FileIdentity(1, 2, 3), Many * P);
        guest.Space.Map(Guest.At(0), Many * P, Protection.Read, Guest.Shared, file, 0);
        byte[] contents = new byte[P];
        for (int round = 0; round < 2; round++)
        {
            for (int page = 0; page < Many; page++) Assert.Equal(GeneratedFile.WordAt(file.Identity, (ulong)page, 3), guest.Cpu.Read<ulong>(Guest.At(page) + 24));
            for (ulong page = 0; page < Many; page++)
            {
                Assert.Equal(Page.Size, file.Read(page * P, contents));
                Assert.Equal(GeneratedFile.WordAt(file.Identity, page, 511), BitConverter.ToUInt64(contents, Page.Size - 8));
            }
        }

        Assert.InRange(guest.Memory.ReclaimStatistics.FilePagesDropped, 3 * Many, long.MaxValue);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAHostsFileIsFourTimesTheMemoryThenSeveralThreadsCanWriteAllOfIt(FaultDesign design)
    {
        const int Frames = 512, Threads = 2, PagesEach = 2 * Frames;
        string path = Path.GetTempFileName();
        try
        {
            using (var guest = new Guest(design, Frames))
            using (HostFile file = HostFile.Open(guest.Memory, path, access: FileAccess.ReadWrite))
            {
                file.SetLength(Threads * PagesEach * P);
                guest.Space.Map(Guest.At(0), Threads * PagesEach * P, Protection.ReadWrite, Guest.Shared, file, 0);
                var crew = new Crew();
                for (int thread = 0; thread < Threads; thread++)
                {
                    MemoryAccessor cpu = guest.NewCpu();
                    int first = thread * PagesEach;
                    crew.Start(() =>
                    {
                        for (ulong round = 0; round < 3; round++)
                        {
                            for (int page = first; page < first + PagesEach; page++)
                            {
                                if (round != 0) Assert.Equal(Guest.WordOf(page) + round - 1, cpu.Read<ulong>(Guest.At(page) + 8));
                                cpu.Write(Guest.At(page) + 8, Guest.WordOf(page) + round);
                            }
                        }
                    });
                }

                crew.Join();
                Assert.InRange(guest.Memory.ReclaimStatistics.FilePagesWritten, 2 * Threads * PagesEach, long.MaxValue);
            }

            byte[] written = File.ReadAllBytes(path);
            for (int page = 0; page < Threads * PagesEach; page++) Assert.Equal(Guest.WordOf(page) + 2, BitConverter.ToUInt64(written, (page * (int)P) + 8));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Private pages, which cannot leave, and a file's, which can, in one memory.</summary>
    [Fact]
    public void WhenPrivatePagesNeedTheFramesOfAFilesPagesThenTheyGetThem()
    {
        const int Frames = 512;
        using var guest = new Guest(frames: Frames);
        using var file = new TestFile(guest.Memory, Frames * P);
        byte[] contents = new byte[Frames * P];
        file.Read(0, contents);
        guest.Map(0, Frames - 100);
        guest.Touch(0, Frames - 100);
        for (int page = 0; page < Frames - 100; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
    }

    private static int Free(Guest guest)
    {
        int all = 0;
        while (guest.Memory.Reclaimer.Free(int.MaxValue) is var freed and not 0) all += freed;
        return all;
    }
}
