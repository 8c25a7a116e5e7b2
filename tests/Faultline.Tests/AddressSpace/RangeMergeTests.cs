using Faultline.Locking;
using Faultline.Tests.Stress;

namespace Faultline.Tests.Calls;

/// <summary>Areas that merge and come apart beside each other under <see cref="WriterLock.RangeLock"/>.</summary>
public class RangeMergeTests
{
    private const ulong P = 4096;

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

        crew.RunFor(StressTime.OfOneTest);
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
}
