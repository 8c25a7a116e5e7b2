using Faultline.Areas;
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
    /// page   0              1024            2048                          4096
    ///        |being unmapped|free           |other: every call that changes areas of a range|
    /// </code>
    /// </summary>
    [Theory]
    [InlineData(WriterLock.RangeLock, true)]
    [InlineData(WriterLock.MmapLock, false)]
    public void WhenAnUnmapTakesLongThenCallsOnOtherRangesWaitUnderOneLockOnly(WriterLock writerLock, bool returns)
    {
        using var guest = new Guest(downgrade: false, writerLock: writerLock);
        MemoryAccessor bystander = guest.NewCpu(), other = guest.NewCpu();
        guest.Space.Reset(brkStart: Guest.At(4096));
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
                guest.Advise(2048, 2, Advice.DontFork);
                guest.Space.MemoryLock(Guest.At(2048), P);
                guest.Space.MemoryUnlock(Guest.At(2048), P);
                guest.Space.Remap(Guest.At(2051), P, 2 * P, RemapFlags.None);
                guest.Space.Remap(Guest.At(2048), P, P, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(3000));
                Assert.Equal(2L, other.Read<long>(Guest.At(3000)));
                ulong moved = guest.Space.Remap(Guest.At(3000), P, 9 * P, RemapFlags.MayMove);
                Assert.Equal(2L, other.Read<long>(moved));
                guest.Space.Unmap(moved, 9 * P);
                guest.Map(3500, 1, flags: Guest.Private | MapFlags.GrowsDown);
                other.Write(Guest.At(3499), 3L);
                guest.Space.Brk(Guest.At(4100));
                guest.Space.Brk(Guest.At(4098));
                var handler = new TestHandler(_ => true);
                Assert.Equal(Errno.None, guest.Space.TryRegisterUserFault(Guest.At(2051), P, handler, UserFaultModes.WriteProtect));
                Assert.Equal(Errno.None, guest.Space.TryUserFaultWriteProtect(Guest.At(2051), P, protect: true));
                guest.Unmap(2048, 1500);
                done.Set();
            });
            Assert.Equal(returns, done.Wait(returns ? TimeSpan.FromSeconds(30) : TimeSpan.FromMilliseconds(100)));
        }

        crew.Join();
        long waited = guest.Space.LockStatistics.BlamedNanoseconds(LockUser.Map, LockUser.Unmap);
        Assert.Equal(!returns, waited > 0);
    }

    /// <summary>
    /// Who was refused under a range holds the whole space, for read while it frees. The new map may not be there before the old pages are gone, else they take its contents along.
    /// <code>
    /// page   0    1                 8    9
    ///        |kept|being freed      |kept|
    ///             |new map, written |
    /// </code>
    /// </summary>
    [Fact]
    public void WhenTheWholeSpaceIsHeldForReadThenAMapIntoTheHoleWaits()
    {
        const int All = 20;
        using var guest = new Guest(downgrade: true, writerLock: WriterLock.RangeLock, maximumAreas: All);
        MemoryAccessor bystander = guest.NewCpu(), other = guest.NewCpu();
        guest.Map(0, 9);
        bystander.Write(Guest.At(2), 1L);
        var crew = new Crew();
        bool wasTaken;
        using var done = new ManualResetEventSlim();

        // Nobody uses what this room keeps; the unmap, which splits an area, is refused under its range.
        var room = new UsageRoom(guest.Space, isAlone: false, keeps: true);
        guest.Space.Usage.Register(room);
        Assert.True(room.MayAddAreas(All - 1, All - 1));
        room.End();
        using (MemoryAccessor.Session session = bystander.OpenSession())
        {
            crew.Start(() => guest.Unmap(1, 7));
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
        Assert.Equal(1, guest.Space.LockStatistics.Writes(LockUser.Unmap));
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
        using var guest = new Guest(design, writerLock: WriterLock.RangeLock, privileged: true);
        var crew = new Crew();
        for (int i = 0; i < Threads; i++)
        {
            int thread = i;
            MemoryAccessor cpu = guest.NewCpu();
            Random random = Seed.ForThread(seed, thread);
            var states = new Protection?[Pieces];
            long[] written = new long[Pieces];
            crew.StartLoop(round =>
            {
                int index = Own();
                int page = index * piece;
                switch (random.Next(8))
                {
                    case 0:
                        guest.Map(page, piece);
                        (states[index], written[index]) = (Protection.ReadWrite, 0);
                        break;
                    case 1:
                        guest.Unmap(page, piece);
                        states[index] = null;
                        break;
                    case 3 when states[index] is not null:
                        guest.Advise(page, piece, random.Next(2) == 0 ? Advice.DontFork : Advice.DoFork);
                        break;
                    case 4 when states[index] is not null:
                        if (random.Next(2) == 0) guest.Space.MemoryLock(Guest.At(page), (ulong)piece * P, onFault: true);
                        else guest.Space.MemoryUnlock(Guest.At(page), (ulong)piece * P);
                        break;
                    case 5 when states[index] is not null && Own() is var to && to != index:
                        guest.Space.Remap(
                            Guest.At(page), (ulong)piece * P, (ulong)piece * P, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(to * piece));
                        (states[to], written[to], states[index]) = (states[index], written[index], null);
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
                        if (states[index] is not null) Assert.Equal(written[index], cpu.Read<long>(Guest.At(page)));
                        if (expected != FaultSignal.None)
                        {
                            Assert.Equal(expected, Guest.SignalOf(() => cpu.Write(Guest.At(page), 1L)));
                            break;
                        }

                        written[index] = round;
                        cpu.Write(Guest.At(page), (long)round);
                        break;
                }

                int Own() => (random.Next(Pieces / Threads) * Threads) + thread;
            });
        }

        crew.RunFor(s_while);
        guest.Map(0, Pieces * piece);
        AreaInfo area = Assert.Single(guest.Space.ListAreas());
        Assert.Equal((Guest.At(0), Guest.At(Pieces * piece)), (area.Start, area.End));
    }

    /// <summary>
    /// Dropping pages of the area above takes long. To give all of the area below other rights, nothing need be merged or split, and so no more of the area above is locked than
    /// its first page; to give a part of it other rights is to lock both.
    /// <code>
    /// page   0        32       64           72             128
    ///        |rw-p    .        |r--p        |being dropped |
    ///        |refined         |
    ///                 |widened |
    /// </code>
    /// </summary>
    [Theory]
    [InlineData(0, Protection.None, 1, 0)]
    [InlineData(32, Protection.None, 0, 1)]
    [InlineData(0, Protection.Read, 0, 1)]
    [InlineData(0, Protection.ReadWrite, 1, 0)]
    [InlineData(32, Protection.ReadWrite, 1, 0)]
    public void WhenNothingIsSplitOrMergedThenAProtectLocksItsPagesOnly(int page, Protection rights, int refined, int widened)
    {
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        MemoryAccessor bystander = guest.NewCpu();
        guest.Map(0, 64);
        guest.Map(64, 64, Protection.Read);
        Assert.Equal(0L, bystander.Read<long>(Guest.At(100)));
        var crew = new Crew();
        using var done = new ManualResetEventSlim();
        using (MemoryAccessor.Session session = bystander.OpenSession())
        {
            crew.Start(() => guest.Advise(72, 56, Advice.DontNeed));
            Wait.UntilDue(session);
            crew.Start(() =>
            {
                guest.Protect(page, 64 - page, rights);
                done.Set();
            });
            bool returns = refined == 1;
            Assert.Equal(returns, done.Wait(returns ? TimeSpan.FromSeconds(30) : TimeSpan.FromMilliseconds(100)));
        }

        crew.Join();
        LockStatistics locks = guest.Space.LockStatistics;
        Assert.Equal((refined, widened), (locks.RefinedProtects, locks.WidenedProtects));
    }

    /// <summary>Merging depends on what the neighbours are at that moment, and they change too.</summary>
    [Fact]
    public void WhenNeighboursGetOtherRightsBesideEachOtherThenNoTwoStayApartThatCouldBeOne()
    {
        const int Threads = 4, Pieces = 8, Rounds = 400, PiecePages = 2;
        int seed = Seed.Announce();
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        Protection[] rights = [Protection.None, Protection.Read, Protection.ReadWrite];
        for (int repeat = 0; repeat < 20; repeat++)
        {
            guest.Map(0, Pieces * PiecePages);
            var crew = new Crew();
            for (int i = 0; i < Threads; i++)
            {
                int thread = i;
                Random random = Seed.ForThread(seed + repeat, thread);
                crew.Start(() =>
                {
                    for (int round = 0; round < Rounds; round++)
                    {
                        int piece = (random.Next(Pieces / Threads) * Threads) + thread;
                        guest.Protect(piece * PiecePages, PiecePages, rights[random.Next(rights.Length)]);
                    }
                });
            }

            crew.Join();
            Assert.DoesNotContain(guest.Space.ListBoundaries(), boundary => boundary.Obstacles == MergeObstacles.None);
        }

        Assert.InRange(guest.Space.LockStatistics.RefinedProtects, 1, Threads * Rounds * 20);
        Assert.InRange(guest.Space.LockStatistics.WidenedProtects, 1, Threads * Rounds * 20);
    }

    /// <summary>
    /// Each thread moves its pages between two places that lie on either side of all others'; one more changes rights across everything, and so waits for both ends of every move.
    /// <code>
    /// page   5  6  7  8 … 15    21 22 23
    ///        a  b  c  rights    a' b' c'
    /// </code>
    /// </summary>
    [Fact]
    public void WhenMovesCrossEachOtherAndALongRangeThenNoneWaitsForEverAndAllPagesArrive()
    {
        const int Threads = 3, Distance = 16, Barrier = 8;
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        guest.Map(Barrier, 1);
        var crew = new Crew();
        for (int i = 0; i < Threads; i++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            (int from, int to) = (Barrier - Threads + i, Barrier - Threads + i + Distance);
            guest.Map(from, 1);
            cpu.Write(Guest.At(from), (long)i);
            long mark = i;
            crew.StartLoop(_ =>
            {
                guest.Space.Remap(Guest.At(from), P, P, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(to));
                Assert.Equal(mark, cpu.Read<long>(Guest.At(to)));
                (from, to) = (to, from);
                if (from != Barrier - 1) return;

                // No room in place: to where there is some, and back.
                ulong moved = guest.Space.Remap(Guest.At(from), P, 8 * P, RemapFlags.MayMove);
                Assert.Equal(mark, cpu.Read<long>(moved));
                guest.Space.Remap(moved, 8 * P, P, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(from));
                Assert.Equal(mark, cpu.Read<long>(Guest.At(from)));
            });
        }

        crew.StartLoop(round => guest.Space.TryProtect(Guest.At(Barrier), P, round % 2 == 0 ? Protection.Read : Protection.ReadWrite));
        crew.StartLoop(_ => guest.Space.Unmap(Guest.At(Barrier + 1), 8 * P));
        crew.StartLoop(_ => guest.Space.ListAreas());
        crew.RunFor(s_while);
    }

    /// <summary>Both try the pages between: what the heap got, no map gets, and the other way round.</summary>
    [Fact]
    public void WhenTheHeapGrowsBesideMapsThenEachPageHasOneOwner()
    {
        const int Low = 4, High = 12, End = 16;
        int seed = Seed.Announce();
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        guest.Space.Reset(brkStart: Guest.At(0));
        var crew = new Crew();
        for (int i = 0; i < 2; i++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            Random random = Seed.ForThread(seed, i);
            crew.StartLoop(_ =>
            {
                // Two threads move the one break: what it is afterwards is for the test's end to say.
                guest.Space.TryBrk(Guest.At(random.Next(High)) + (ulong)random.Next(4096), out ulong current);
                Assert.InRange(current, Guest.At(0), Guest.At(High));
            });
        }

        MemoryAccessor mapper = guest.NewCpu();
        Random places = Seed.ForThread(seed, 2);
        crew.StartLoop(round =>
        {
            int page = places.Next(Low, End);
            Errno error = guest.Space.TryMap(
                Guest.At(page), P, Protection.ReadWrite, MapFlags.Private | MapFlags.FixedNoReplace | MapFlags.NoReserve, out ulong start);
            if (error == Errno.EEXIST) return;
            Assert.Equal(0L, mapper.Exchange(start, (long)round + 1));

            // A page above the heap stays free, or the heap could not have come so near.
            Assert.Equal((long)round + 1, mapper.Read<long>(start));
            guest.Space.Unmap(start, P);
        });
        crew.RunFor(s_while);

        ulong end = guest.Space.Break;
        ulong heapEnd = guest.Space.ListAreas().Select(area => area.End).DefaultIfEmpty(Guest.At(0)).Max();
        Assert.Equal((end + P - 1) & ~(P - 1), heapEnd);
    }

    [Fact]
    public void WhenTheBreakMovesBesideForksThenEachChildHasTheBreakThatItsHeapEndsAt()
    {
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        guest.Space.Reset(brkStart: Guest.At(0));
        var crew = new Crew();
        crew.StartLoop(round => guest.Space.Brk(Guest.At((round % 8) + 1)));
        crew.StartLoop(_ =>
        {
            using AddressSpace child = guest.Space.Fork();
            Assert.Equal(child.Break, child.ListAreas().Select(area => area.End).DefaultIfEmpty(Guest.At(0)).Max());
        });
        crew.RunFor(s_while);
    }

    /// <summary>Stacks that grow side by side, each into its own room, beside maps below their guards.</summary>
    [Fact]
    public void WhenStacksGrowBesideMapsThenEachKeepsItsGuard()
    {
        const int Room = 1024, Guard = 256;
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        var crew = new Crew();
        for (int i = 0; i < 2; i++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            int top = (i + 1) * Room;
            crew.StartLoop(_ =>
            {
                guest.Map(top - 1, 1, flags: Guest.Private | MapFlags.GrowsDown);
                int page = top - 2;
                while (page > top - Room + Guard && TryWrite(cpu, page)) page -= 16;
                guest.Unmap(top - Room + 1, Room - 1);
            });
            crew.StartLoop(round =>
            {
                int at = top - Room + (round % (Room / 2));
                Errno error = guest.Space.TryMap(
                    Guest.At(at), P, Protection.ReadWrite, MapFlags.Private | MapFlags.FixedNoReplace, out ulong start);
                if (error != Errno.None) return;
                guest.Space.Unmap(start, P);
            });
        }

        crew.RunFor(s_while);

        static bool TryWrite(MemoryAccessor cpu, int page)
        {
            try
            {
                cpu.Write(Guest.At(page), 1L);
                return true;
            }
            catch (MemoryFaultException fault) when (fault.Signal == FaultSignal.NotMapped)
            {
                return false;
            }
        }
    }

    [Fact]
    public void WhenARangeEndsBeyondTheUsersAddressesThenTheCallFailsAsEver()
    {
        using var guest = new Guest(writerLock: WriterLock.RangeLock);
        const ulong Top = ulong.MaxValue & ~(P - 1);
        Assert.Equal(Errno.ENOMEM, guest.Space.TryProtect(Top - P, P, Protection.Read));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryAdvise(Top - P, P, Advice.DontFork));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryMemoryLock(Top - P, P));
        Assert.Equal(Errno.EINVAL, guest.Space.TryUnmap(Top - P, P));
        Assert.Equal(Errno.EFAULT, guest.Space.TryRemap(Top - P, P, 2 * P, RemapFlags.MayMove, 0, out _));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryBrk(Top, out _));
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
