using Faultline.Tests.Stress;

namespace Faultline.Tests.Calls;

/// <summary>Threads that look for places beside each other under <see cref="WriterLock.RangeLock"/>: each page has one owner.</summary>
public class RangeOwnerTests
{
    private const ulong P = 4096;

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
        crew.RunFor(StressTime.OfOneTest);
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
        crew.RunFor(StressTime.OfOneTest);

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
        crew.RunFor(StressTime.OfOneTest);
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

        crew.RunFor(StressTime.OfOneTest);

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

        crew.RunFor(StressTime.OfOneTest);
    }
}
