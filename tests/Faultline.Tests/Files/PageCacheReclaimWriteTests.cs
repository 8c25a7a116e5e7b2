using Faultline.Files;
using Faultline.Reclaim;

namespace Faultline.Tests.Files;

/// <summary>Changed pages of files, which are written back before they leave for want of frames.</summary>
public class PageCacheReclaimWriteTests
{
    private const ulong P = Page.Size;
    private const int Pages = 20;

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
        Assert.InRange(guest.ReclaimAll(), 12, 12);
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
        Assert.Equal(Pages, guest.ReclaimAll());
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
        Assert.Equal(10, guest.ReclaimAll());
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
        Assert.Equal(1, guest.ReclaimAll());
        Assert.Equal(2UL, BitConverter.ToUInt64(file.Contents, 8));
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
        Assert.Equal(Pages - 4, guest.ReclaimAll());
        for (int page = 0; page < 3; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
        Assert.Equal(77, guest.Cpu.Read<byte>(Guest.At(5)));
        Assert.Equal(GeneratedFile.WordAt(file.Identity, 9, 0), guest.Cpu.Read<ulong>(Guest.At(9)));
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
        Task<int> reclaim = Task.Run(() => guest.ReclaimAll(), TestContext.Current.CancellationToken);
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
        Task<int> reclaim = Task.Run(() => guest.ReclaimAll(), TestContext.Current.CancellationToken);
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
}
