using Faultline.Locking;

namespace Faultline.Tests.Calls;

/// <summary>Calls beside each other under <see cref="WriterLock.RangeLock"/>.</summary>
public class RangesTests
{
    private const ulong P = 4096;
    private static readonly TimeSpan s_while = TimeSpan.FromSeconds(1);

    [Fact]
    public void WhenTheDesignWaitsForTheReadersOfAreasThenRangesAreRefused()
    {
        using var test = new Physical.TestMemory(8);
        var options = new AddressSpaceOptions { Design = FaultDesign.AreaLock, WriterLock = WriterLock.RangeLock };
        var refused = Assert.Throws<ArgumentException>(() => new AddressSpace(test.Memory, options));
        Assert.Contains("AreaLock needs WriterLock.MmapLock", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>What lies beside a range that ends where the numbers end cannot be reckoned by going on from its end.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void WhenARangeEndsWithTheLastPageThereIsThenTheCallAnswersAndTheLockIsFree(ulong pagesBefore)
    {
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        Assert.Equal(Errno.ENOMEM, guest.Space.TryProtect(ulong.MaxValue - ((pagesBefore + 2) * P) + 1, P, Protection.Read));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryProtect(Guest.At(0), ulong.MaxValue - P + 1 - Guest.At(0), Protection.Read));
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Unmap(0, 1);
    }

    /// <summary>
    /// An unmap that waits for a walker holds what it holds for as long as the test likes.
    /// <code>
    /// page   0              1024            2048
    ///        |being unmapped|free           |other: mapped, protected, written, unmapped|
    /// </code>
    /// </summary>
    [Theory]
    [InlineData(WriterLock.RangeLock, true)]
    [InlineData(WriterLock.MmapLock, false)]
    public void WhenAnUnmapTakesLongThenCallsOnOtherRangesWaitUnderOneLockOnly(WriterLock writerLock, bool returns)
    {
        using var guest = new Guest(downgrade: false, writerLock: writerLock);
        MemoryAccessor bystander = guest.NewCpu(), other = guest.NewCpu();
        guest.Map(0, 1024);
        bystander.Write(Guest.At(0), 1L);
        var crew = new Crew();
        using var done = new ManualResetEventSlim();
        using (MemoryAccessor.Session session = bystander.OpenSession())
        {
            crew.Start(() => guest.Unmap(0, 1024));
            Wait.UntilDue(session);
            crew.Start(() =>
            {
                guest.Map(2048, 4);
                guest.Protect(2049, 1, Protection.Read);
                other.Write(Guest.At(2048), 2L);
                guest.Unmap(2048, 4);
                done.Set();
            });
            Assert.Equal(returns, done.Wait(returns ? TimeSpan.FromSeconds(30) : TimeSpan.FromMilliseconds(100)));
        }

        crew.Join();
        long waited = guest.Space.LockStatistics.BlamedNanoseconds(LockUser.Map, LockUser.Unmap);
        Assert.Equal(!returns, waited > 0);
    }

    /// <summary>
    /// A shrinking mremap holds the whole space, for read while it frees. The new map may not be there before the old pages are gone, else they take its contents along.
    /// <code>
    /// page   0    1                 8    9
    ///        |kept|being freed      |    |keeps the table|
    ///             |new map, written |
    /// </code>
    /// </summary>
    [Fact]
    public void WhenTheWholeSpaceIsHeldForReadThenAMapIntoTheHoleWaits()
    {
        using var guest = new Guest(downgrade: true, writerLock: WriterLock.RangeLock);
        MemoryAccessor bystander = guest.NewCpu(), other = guest.NewCpu();
        guest.Map(0, 8);
        guest.Map(9, 1);
        bystander.Write(Guest.At(2), 1L);
        var crew = new Crew();
        bool wasTaken;
        using var done = new ManualResetEventSlim();
        using (MemoryAccessor.Session session = bystander.OpenSession())
        {
            crew.Start(() => guest.Space.Remap(Guest.At(0), 8 * P, P, RemapFlags.None));
            Wait.UntilDue(session);
            crew.Start(() =>
            {
                guest.Map(1, 7);
                Assert.Equal(0L, other.Exchange(Guest.At(2), 2L));
                done.Set();
            });
            wasTaken = done.Wait(TimeSpan.FromMilliseconds(100));
        }

        crew.Join();
        Assert.False(wasTaken, "The hole was taken before its pages were gone.");
        Assert.Equal(2L, other.Read<long>(Guest.At(2)));
    }

    /// <summary>The hole that the unmap leaves is the highest, and would be taken if the unmap were over. One page less than huge pages fill: no hole stays above it.</summary>
    [Fact]
    public void WhenTheHighestHoleIsHeldThenAnUnhintedMapGoesBelowIt()
    {
        using var guest = new Guest(downgrade: false, writerLock: WriterLock.RangeLock);
        MemoryAccessor bystander = guest.NewCpu();
        ulong huge = guest.Space.Map(0, 1023 * P, Protection.ReadWrite, MapFlags.Private);
        bystander.Write(huge, 1L);
        var crew = new Crew();
        ulong stack = 0;
        using var done = new ManualResetEventSlim();
        using (MemoryAccessor.Session session = bystander.OpenSession())
        {
            crew.Start(() => guest.Space.Unmap(huge, 1023 * P));
            Wait.UntilDue(session);
            crew.Start(() =>
            {
                stack = guest.Space.Map(0, 8 * P, Protection.ReadWrite, MapFlags.Private);
                done.Set();
            });
            Assert.True(done.Wait(TimeSpan.FromSeconds(30)), "The map waits for the unmap.");
        }

        crew.Join();
        Assert.InRange(stack, huge - (4 << 20), huge - (8 * P));
        guest.Space.Unmap(stack, 8 * P);
    }

    /// <summary>
    /// Every thread owns each fourth piece, so all calls touch what others change: areas merge and come apart all the time. A piece is a page, or all that one table maps: then
    /// neighbours meet at the border of two tables.
    /// <code>
    /// piece  0 1 2 3 4 5 6 7 8 …
    /// thread 0 1 2 3 0 1 2 3 0 …
    /// </code>
    /// </summary>
    [Theory]
    [InlineData(FaultDesign.Classic, 1)]
    [InlineData(FaultDesign.AreaSequence, 1)]
    [InlineData(FaultDesign.SpaceSequence, 1)]
    [InlineData(FaultDesign.Classic, 512)]
    [InlineData(FaultDesign.AreaSequence, 512)]
    [InlineData(FaultDesign.SpaceSequence, 512)]
    public void WhenThreadsChangeNeighboursThenEachFindsItsOwnAsItLeftThemAndAllBecomeOneArea(FaultDesign design, int piece)
    {
        const int Threads = 4, Pieces = 64;
        int seed = Seed.Announce();
        using var guest = new Guest(design, writerLock: WriterLock.RangeLock);
        var crew = new Crew();
        for (int i = 0; i < Threads; i++)
        {
            int thread = i;
            MemoryAccessor cpu = guest.NewCpu();
            Random random = Seed.ForThread(seed, thread);
            var states = new Protection?[Pieces];
            crew.StartLoop(round =>
            {
                int index = (random.Next(Pieces / Threads) * Threads) + thread;
                int page = index * piece;
                switch (random.Next(4))
                {
                    case 0:
                        guest.Map(page, piece);
                        states[index] = Protection.ReadWrite;
                        break;
                    case 1:
                        guest.Unmap(page, piece);
                        states[index] = null;
                        break;
                    case 2 when states[index] is not null:
                        states[index] = random.Next(2) == 0 ? Protection.Read : Protection.ReadWrite;
                        guest.Protect(page, piece, states[index]!.Value);
                        break;
                    default:
                        FaultSignal expected = states[index] switch
                        {
                            null => FaultSignal.NotMapped,
                            Protection.Read => FaultSignal.NotPermitted,
                            _ => FaultSignal.None,
                        };
                        if (expected != FaultSignal.None)
                        {
                            Assert.Equal(expected, Guest.SignalOf(() => cpu.Write(Guest.At(page), 1L)));
                            break;
                        }

                        cpu.Write(Guest.At(page), (long)round);
                        Assert.Equal((long)round, cpu.Read<long>(Guest.At(page)));
                        break;
                }
            });
        }

        crew.RunFor(s_while);
        guest.Map(0, Pieces * piece);
        AreaInfo area = Assert.Single(guest.Space.ListAreas());
        Assert.Equal((Guest.At(0), Guest.At(Pieces * piece)), (area.Start, area.End));
    }

    [Fact]
    public void WhenThreadsMapWithoutHintsThenNoTwoGetTheSamePage()
    {
        int seed = Seed.Announce();
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        var crew = new Crew();
        for (int i = 0; i < 3; i++)
        {
            long mark = i + 1;
            MemoryAccessor cpu = guest.NewCpu();
            Random random = Seed.ForThread(seed, i);
            var own = new List<(ulong Start, int Pages)>();
            crew.StartLoop(_ =>
            {
                if (own.Count < 16)
                {
                    int pages = random.Next(1, 24);
                    ulong start = guest.Space.Map(0, (ulong)pages * P, Protection.ReadWrite, MapFlags.Private);
                    for (int page = 0; page < pages; page++) Assert.Equal(0, cpu.Exchange(start + ((ulong)page * P), mark));
                    own.Add((start, pages));
                    return;
                }

                (ulong at, int count) = own[random.Next(own.Count)];
                own.Remove((at, count));
                for (int page = 0; page < count; page++) Assert.Equal(mark, cpu.Read<long>(at + ((ulong)page * P)));
                guest.Space.Unmap(at, (ulong)count * P);
            });
        }

        crew.RunFor(s_while);
    }
}
