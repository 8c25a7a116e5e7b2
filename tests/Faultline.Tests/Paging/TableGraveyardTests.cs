using Faultline.Paging;

namespace Faultline.Tests.Paging;

public class TableGraveyardTests
{
    private const int TablePages = 512;

    [Fact]
    public void WhenTablesAreDetachedThenTheyWaitForABatchAndComeHomeWithIt()
    {
        using var guest = new Guest();
        long used = guest.FramesInUse;

        // Below the batch they wait: nobody looks at the accessors for each of them.
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Unmap(0, 1);
        Assert.Equal(used + 3, guest.FramesInUse);
        Assert.Equal(3, guest.Space.Graveyard.Release());
        Assert.Equal(used, guest.FramesInUse);
        Assert.Equal(0, guest.Space.Graveyard.Release());

        // More than a batch does not pile up.
        guest.Map(0, 100 * TablePages);
        for (int table = 0; table < 100; table++) guest.Touch(table * TablePages, 1);
        guest.Unmap(0, 100 * TablePages);
        Assert.InRange(guest.FramesInUse, used, used + 70);
    }

    /// <summary>After a first batch the same few frames serve as tables again and again: nothing is taken from memory, and what is found is empty.</summary>
    [Fact]
    public void WhenTablesComeAndGoThenTheSameFramesAreInstalledAgain()
    {
        using var guest = new Guest();
        long highest = 0;
        for (int round = 0; round < 100; round++)
        {
            guest.Map(0, 2);
            guest.Touch(0, 1);
            Assert.Equal((byte)0, guest.Cpu.Read<byte>(Guest.At(1)));
            guest.Unmap(0, 2);
            if (round == 50) highest = guest.FramesInUse;
        }

        Assert.InRange(guest.FramesInUse, 0, highest + 3);
        Assert.InRange(guest.Space.Graveyard.Release(), 32, 64);
    }

    /// <summary>
    /// The tables go a batch at a time. While the unmap waits for a session before it goes on, others make tables and change areas, which takes the page-table lock.
    /// </summary>
    [Theory]
    [InlineData(FaultDesign.Classic)]
    [InlineData(FaultDesign.AreaSequence)]
    public void WhenAnUnmapWaitsWithItsTablesThenOthersGetTheirs(FaultDesign design)
    {
        const int Tables = 100, Batch = 32;
        using var guest = new Guest(design, writerLock: WriterLock.RangeLock);
        MemoryAccessor bystander = guest.NewCpu(), other = guest.NewCpu();
        guest.Map(0, Tables * TablePages);
        for (int table = 0; table < Tables; table++) guest.Touch(table * TablePages, 1);
        var crew = new Crew();
        using var done = new ManualResetEventSlim();
        using (MemoryAccessor.Session session = bystander.OpenSession())
        {
            crew.Start(() => guest.Unmap(0, Tables * TablePages));
            Wait.UntilDue(session);

            // The bystander has none of the pages: only its being in a section is waited for, by who wants to use the tables again.
            int gone = Enumerable.Range(0, Tables).Count(table => !guest.Space.PageTable.Walk(Guest.At(table * TablePages)).IsComplete);
            Assert.Equal(Batch, gone);
            crew.Start(() =>
            {
                int page = 1 << 20;
                guest.Map(page, 1);
                other.Write(Guest.At(page), 1L);
                guest.Unmap(page, 1);
                done.Set();
            });
            Assert.True(done.Wait(TimeSpan.FromSeconds(30)), "A fault in another range waits for the unmap.");
        }

        crew.Join();
    }

    /// <summary>A walker leaves no trace in a table that it only reads, so all accessors count, whatever the tables' masks say.</summary>
    [Fact]
    public void WhenAnyAccessorIsInsideASectionThenTheTablesWaitForItsEnd()
    {
        using var guest = new Guest();
        MemoryAccessor bystander = guest.NewCpu();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Unmap(0, 1);
        long used = guest.FramesInUse;
        var crew = new Crew();
        using (MemoryAccessor.Session session = bystander.OpenSession())
        {
            // The own thread would wait for itself.
            Assert.Equal(0, guest.Space.Graveyard.Release());
            crew.Start(() => Assert.Equal(3, guest.Space.Graveyard.Release()));
            Wait.UntilDue(session);
            Assert.Equal(used, guest.FramesInUse);
        }

        crew.Join();
        Assert.Equal(used - 3, guest.FramesInUse);
    }

    [Fact]
    public void WhenMemoryRunsOutThenTheTablesThatWaitAreUsed()
    {
        using var guest = new Guest(frames: 16);
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Unmap(0, 1);
        List<uint> taken = [];
        while (guest.Memory.Frames.TryAllocate() is var frame and not 0) taken.Add(frame);
        Assert.Equal(15, taken.Count);
        guest.Memory.Frames.Free([.. taken]);
    }

    [Fact]
    public void WhenTheSpaceIsGoneThenItsGraveyardIsNotAskedAnyMore()
    {
        using var test = new Physical.TestMemory(16);
        var space = new AddressSpace(test.Memory);
        TableGraveyard graveyard = space.Graveyard;
        space.Dispose();
        test.Free(test.TakeAll());
        Assert.Equal(0, graveyard.Release());
    }
}
