using System.Globalization;
using Faultline.Locking;
using Faultline.Tests.Stress;
using static Faultline.Tests.Guest;

namespace Faultline.Tests.Calls;

/// <summary>Walks over all areas go by steps; see also <see cref="MapsTests"/> for what they print.</summary>
public class AreaWalkTests
{
    private const ulong P = Page.Size;

    // Waits of one walk. A walk that held the lock throughout would wait once, at its beginning.
    private const long Waits = 3;

    /// <summary>The writer waits for the areas of the first step; long before the end of the walk it is through.</summary>
    [Theory]
    [InlineData(WriterLock.MmapLock)]
    [InlineData(WriterLock.RangeLock)]
    public void WhenAWriterWaitsForAStepThenItGetsInBeforeTheWalkGoesOn(WriterLock writers)
    {
        const int Pages = 500;
        using var guest = new Guest(writerLock: writers);
        MapAreas(guest, Pages);
        bool isDone = false;
        var writer = new Thread(() =>
        {
            guest.Protect(3, 1, Protection.None);
            Volatile.Write(ref isDone, true);
        });
        int looks = 0;
        guest.Space.WalkAreas((_, _, _) =>
        {
            switch (++looks)
            {
                case 1:
                    writer.Start();
                    Wait.Until(() => (writer.ThreadState & ThreadState.WaitSleepJoin) != 0, "The writer did not wait for the step.");
                    Assert.False(Volatile.Read(ref isDone));
                    break;
                case Pages / 2:
                    Wait.Until(() => Volatile.Read(ref isDone), "The walk let nobody in.");
                    break;
            }
        });
        writer.Join();
        Assert.Equal(Pages, looks);
    }

    /// <summary>Each step of a walk waits anew for a writer that is always there.</summary>
    [Theory]
    [InlineData("maps")]
    [InlineData("smaps")]
    [InlineData("boundaries")]
    [InlineData("explain")]
    [InlineData("smaps of one area")]
    public void WhenAHugeSpaceIsWalkedThenWritersAndFaultsGetInBetween(string walk)
    {
        using var guest = new Guest(FaultDesign.Classic, frames: 16_384, writerLock: WriterLock.MmapLock);
        int pages = walk == "smaps of one area" ? MapTables(guest) : MapAreas(guest, 20_000);
        Func<int> look = walk switch
        {
            "maps" => () => guest.Space.Maps().Length,
            "boundaries" => () => guest.Space.ListBoundaries().Count,
            "explain" => () => guest.Space.ExplainMaps().Length,
            _ => () => guest.Space.Smaps().Length,
        };

        var crew = new Crew();
        MemoryAccessor cpu = guest.NewCpu();
        crew.StartLoop(_ =>
        {
            guest.Space.Map(At(pages + 8), P, Protection.ReadWrite, Private);
            cpu.Write(At(pages + 8), 1);
            guest.Space.Unmap(At(pages + 8), P);
        });
        Wait.Until(
            () =>
            {
                long before = guest.Space.LockStatistics.Waits(LockUser.Query);
                Assert.NotEqual(0, look());
                return crew.IsStopped || guest.Space.LockStatistics.Waits(LockUser.Query) - before >= Waits;
            },
            "No walk let others in.");
        crew.RunFor(TimeSpan.Zero);
    }

    /// <summary>Everything stays mapped while rights change, so that areas split and merge under the walk.</summary>
    [Theory]
    [InlineData(WriterLock.MmapLock)]
    [InlineData(WriterLock.RangeLock)]
    public void WhenAreasSplitAndMergeUnderAWalkThenItsPartsCoverAllAndNeverOverlap(WriterLock writers)
    {
        const int Pages = 300;
        using var guest = new Guest(writerLock: writers);
        MapAreas(guest, Pages);
        guest.Touch(1, 1);
        var crew = new Crew();
        int seed = Seed.Announce();
        for (int i = 0; i < 2; i++)
        {
            var random = new Random(seed + i);
            crew.StartLoop(_ =>
            {
                int page = random.Next(Pages), length = 1 + random.Next(Math.Min(40, Pages - page));
                guest.Protect(page, length, random.Next(2) == 0 ? Protection.Read : Protection.ReadWrite);
            });
        }

        long walks = 0;
        crew.StartLoop(_ =>
        {
            AssertCovers(guest.Space.ListAreas().Select(area => (area.Start, area.End)), Pages);
            AssertCovers(Parse(guest.Space.ExplainMaps()), Pages);
            string smaps = guest.Space.Smaps();
            AssertCovers(Parse(smaps), Pages);
            Assert.Equal(Pages * 4, SizesIn(smaps));
            Assert.All(guest.Space.ListBoundaries(), boundary => Assert.Equal(boundary.Below.End, boundary.Above.Start));
            walks++;
        });
        crew.RunFor(StressTime.OfOneTest);
        Assert.True(walks > 0, "Nothing was walked.");
    }

    [Fact]
    public void WhenThereAreMoreAreasThanAStepHasThenAllAreListedOnceWithTheirBoundaries()
    {
        const int Pages = 1000;
        using var guest = new Guest();
        MapAreas(guest, Pages);
        IReadOnlyList<AreaInfo> areas = guest.Space.ListAreas();
        Assert.Equal(Enumerable.Range(0, Pages).Select(page => (At(page), At(page + 1))), areas.Select(area => (area.Start, area.End)));
        Assert.Equal(Enumerable.Range(1, Pages - 1).Select(At), guest.Space.ListBoundaries().Select(boundary => boundary.Address));
        Assert.Equal((2 * Pages) - 1, guest.Space.ExplainMaps().Count(letter => letter == '\n'));
        Assert.Equal(Pages * 4, SizesIn(guest.Space.Smaps()));
    }

    private static int MapAreas(Guest guest, int pages)
    {
        guest.Map(0, pages);
        for (int page = 0; page < pages; page += 2) guest.Protect(page, 1, Protection.Read);
        return pages;
    }

    private static int MapTables(Guest guest)
    {
        const int Tables = 3000, PagesPerTable = 512;
        guest.Map(0, Tables * PagesPerTable);
        for (int table = 0; table < Tables; table++) guest.Touch(table * PagesPerTable, 1);
        return Tables * PagesPerTable;
    }

    private static void AssertCovers(IEnumerable<(ulong Start, ulong End)> parts, int pages)
    {
        ulong position = At(0);
        foreach ((ulong start, ulong end) in parts)
        {
            Assert.Equal(position, start);
            Assert.InRange(end, start + P, At(pages));
            position = end;
        }

        Assert.Equal(At(pages), position);
    }

    private static IEnumerable<(ulong Start, ulong End)> Parse(string text) =>
        from line in text.Split('\n')
        let dash = line.IndexOf('-', StringComparison.Ordinal)
        where dash == 12 && !line.StartsWith(' ')
        select (Hexadecimal(line[..dash]), Hexadecimal(line[(dash + 1)..(dash + 13)]));

    private static ulong Hexadecimal(string digits) => ulong.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static int SizesIn(string smaps) =>
        smaps.Split('\n').Where(line => line.StartsWith("Size:", StringComparison.Ordinal)).Sum(line => int.Parse(line[5..^3], CultureInfo.InvariantCulture));
}
