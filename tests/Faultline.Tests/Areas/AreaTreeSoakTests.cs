using Faultline.Areas;

namespace Faultline.Tests.Areas;

/// <summary>Readers and writers at the same time, for a bounded time each.</summary>
public class AreaTreeSoakTests
{
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(1.5);

    private const int MaxAreasBetween = 3;

    [Theory]
    [InlineData(30)]
    [InlineData(3_000)]
    public void WhenOneWriterChangesTheTreeThenAnAreaThatStaysIsAlwaysFound(int places) => Soak(places, writers: 1, readers: 2);

    [Theory]
    [InlineData(30)]
    [InlineData(3_000)]
    public void WhenTwoWritersChangeDisjointRangesThenAnAreaThatStaysIsAlwaysFound(int places) => Soak(places, writers: 2, readers: 1);

    [Fact]
    public void WhenTwoWritersChangeAlternatingPlacesThenBothSetsOfChangesSurvive() => Soak(300, writers: 2, readers: 1, interleaved: true);

    private static void Soak(int places, int writers, int readers, bool interleaved = false)
    {
        var tree = new AreaTree();
        VmArea[] staying = [.. Enumerable.Range(0, places).Select(i => Stay(i))];
        tree.Replace([], staying);

        using var stop = new CancellationTokenSource(s_duration);
        var held = new List<VmArea>[writers];
        var tasks = new List<Task>();
        for (int w = 0; w < writers; w++)
        {
            // A contiguous share of the places each, or every other place: then the writers meet in each leaf.
            int writer = w;
            int[] share = [.. Enumerable.Range(0, places).Where(i => (interleaved ? i % writers : i * writers / places) == writer)];
            tasks.Add(Task.Factory.StartNew(() => held[writer] = Write(tree, share, new Random(writer), stop.Token), TaskCreationOptions.LongRunning));
        }

        for (int r = 0; r < readers; r++)
        {
            int seed = 100 + r;
            tasks.Add(Task.Factory.StartNew(() => Read(tree, staying, new Random(seed), stop.Token), TaskCreationOptions.LongRunning));
        }

        Task.WaitAll([.. tasks]);

        VmArea[] expected = [.. staying.Concat(held.SelectMany(areas => areas)).OrderBy(area => area.Start)];
        List<VmArea> actual = [];
        foreach (VmArea area in tree.Range(0, ulong.MaxValue)) actual.Add(area);
        Assert.Equal(expected, actual);
        Assert.Equal(expected.Length, tree.Count);
        CheckPlacement(tree, expected);
    }

    // Place i: 16 pages that stay, then 48 pages in which the writer that owns the place does what it likes.
    private static ulong PlaceStart(int place) => AreaProgram.Address(64L * place);

    private static VmArea Stay(int place) => AreaProgram.Area(PlaceStart(place), PlaceStart(place) + (16UL << Page.Shift));

    private static List<VmArea> Write(AreaTree tree, int[] share, Random random, CancellationToken stop)
    {
        var areas = new Dictionary<int, VmArea[]>();
        while (!stop.IsCancellationRequested)
        {
            int place = share[random.Next(share.Length)];
            VmArea[] old = areas.GetValueOrDefault(place, []);
            VmArea[] replacements = RandomAreas(PlaceStart(place) + (16UL << Page.Shift), random);
            if (old.Length + replacements.Length == 0) continue;
            tree.Replace(old, replacements);
            areas[place] = replacements;
            foreach (VmArea area in replacements) Assert.Same(area, tree.Find(area.Start));
        }

        return [.. areas.Values.SelectMany(list => list)];
    }

    private static VmArea[] RandomAreas(ulong start, Random random)
    {
        var areas = new VmArea[random.Next(MaxAreasBetween + 1)];
        for (int i = 0; i < areas.Length; i++)
        {
            ulong at = start + ((ulong)((16 * i) + random.Next(4)) << Page.Shift);
            areas[i] = AreaProgram.Area(at, at + ((ulong)random.Next(1, 13) << Page.Shift));
        }

        return areas;
    }

    private static void Read(AreaTree tree, VmArea[] staying, Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            int place = random.Next(staying.Length);
            VmArea area = staying[place];
            ulong address = area.Start + (ulong)random.Next((int)area.Length);
            Assert.Same(area, tree.Find(address));
            Assert.Same(area, tree.FindFirstEndingAfter(address));

            // The neighbours are those that stay or something between them.
            Assert.InRange(tree.FindFirstEndingAfter(area.End)?.Start ?? area.End, area.End, place + 1 < staying.Length ? staying[place + 1].Start : ulong.MaxValue);
            if (place > 0) Assert.InRange(tree.Previous(area)!.End, staying[place - 1].End, area.Start);
            if (random.Next(64) == 0) CheckEnumeration(tree, staying, place);
            if (random.Next(16) == 0)
            {
                // Nobody maps above the last place or below the first one.
                ulong high = PlaceStart(staying.Length + 10);
                Assert.True(tree.TryFindGapTopDown(0, high, 400UL << Page.Shift, out ulong start));
                Assert.Equal(high - (400UL << Page.Shift), start);
                Assert.True(tree.TryFindGapBottomUp(0, high, 64UL << Page.Shift, out start));
                Assert.Equal(0UL, start);

                // Lowers bounds while the writers raise them.
                tree.TryFindGapTopDown(AreaProgram.Base, PlaceStart(staying.Length), (ulong)random.Next(20, 48) << Page.Shift, out _);
            }
        }
    }

    private static void CheckEnumeration(AreaTree tree, VmArea[] staying, int place)
    {
        int expected = place;
        ulong position = 0;
        foreach (VmArea area in tree.Range(staying[place].Start, staying[Math.Min(place + 50, staying.Length - 1)].End))
        {
            Assert.True(area.End > position);
            position = area.End;
            if (area == staying[expected]) expected++;
        }

        Assert.Equal(Math.Min(place + 50, staying.Length - 1) + 1, expected);
    }

    /// <summary>No raise was lost: with the writers gone, every gap is found again.</summary>
    private static void CheckPlacement(AreaTree tree, VmArea[] areas)
    {
        for (ulong pages = 1; pages <= 64; pages++)
        {
            ulong length = pages << Page.Shift;
            int above = areas.Length - 1;
            while (above > 0 && areas[above].Start - areas[above - 1].End < length) above--;
            ulong? expected = above > 0 || areas[0].Start >= length ? areas[above].Start - length : null;
            Assert.Equal(expected, tree.TryFindGapTopDown(0, areas[^1].End, length, out ulong start) ? start : null);
        }
    }
}
