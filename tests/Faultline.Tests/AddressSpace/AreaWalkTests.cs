using System.Globalization;
using Faultline.Tests.Stress;
using static Faultline.Tests.Guest;

namespace Faultline.Tests.Calls;

/// <summary>Walks over all areas go by steps; see also <see cref="MapsTests"/> for what they print.</summary>
public class AreaWalkTests
{
    private const ulong P = Page.Size;

    // Pairs of calls during one walk. A walk that held the lock throughout would let in one, which waited, and one that came just before.
    private const long Pairs = 8;

    public static TheoryData<string, WriterLock> Walks()
    {
        var data = new TheoryData<string, WriterLock>();
        foreach (string walk in new[] { "maps", "smaps", "boundaries", "explain", "smaps of one area" })
        {
            foreach (WriterLock writers in Enum.GetValues<WriterLock>()) data.Add(walk, writers);
        }

        return data;
    }

    /// <summary>Writers, and classic faults behind them, get in while a walk is under way.</summary>
    [Theory]
    [MemberData(nameof(Walks))]
    public void WhenAHugeSpaceIsWalkedThenWritersAndFaultsGetInBetween(string walk, WriterLock writers)
    {
        using var guest = new Guest(FaultDesign.Classic, frames: 16_384, writerLock: writers);
        int pages = walk == "smaps of one area" ? MapTables(guest) : MapAreas(guest);
        Func<int> look = walk switch
        {
            "maps" => () => guest.Space.Maps().Length,
            "boundaries" => () => guest.Space.ListBoundaries().Count,
            "explain" => () => guest.Space.ExplainMaps().Length,
            _ => () => guest.Space.Smaps().Length,
        };

        var crew = new Crew();
        MemoryAccessor cpu = guest.NewCpu();
        long done = 0;
        crew.StartLoop(_ =>
        {
            // A neighbour of the last area, which a range writer locks with it.
            guest.Space.Map(At(pages), P, Protection.ReadWrite | Protection.Execute, Private);
            cpu.Write(At(pages), 1);
            guest.Space.Unmap(At(pages), P);
            Interlocked.Increment(ref done);
        });
        Wait.Until(
            () =>
            {
                long before = Interlocked.Read(ref done);
                Assert.NotEqual(0, look());
                return crew.IsStopped || Interlocked.Read(ref done) - before >= Pairs;
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
        guest.Map(0, Pages);
        for (int page = 0; page < Pages; page += 2) guest.Protect(page, 1, Protection.Read);
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
        guest.Map(0, Pages);
        for (int page = 0; page < Pages; page += 2) guest.Protect(page, 1, Protection.Read);
        IReadOnlyList<AreaInfo> areas = guest.Space.ListAreas();
        Assert.Equal(Enumerable.Range(0, Pages).Select(page => (At(page), At(page + 1))), areas.Select(area => (area.Start, area.End)));
        Assert.Equal(Enumerable.Range(1, Pages - 1).Select(At), guest.Space.ListBoundaries().Select(boundary => boundary.Address));
        Assert.Equal((2 * Pages) - 1, guest.Space.ExplainMaps().Count(letter => letter == '\n'));
        Assert.Equal(Pages * 4, SizesIn(guest.Space.Smaps()));
    }

    private static int MapAreas(Guest guest)
    {
        const int Pages = 20_000;
        guest.Map(0, Pages);
        for (int page = 0; page < Pages; page += 2) guest.Protect(page, 1, Protection.Read);
        return Pages;
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
