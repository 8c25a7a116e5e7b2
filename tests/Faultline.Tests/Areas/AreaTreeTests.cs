using CsCheck;
using Faultline.Areas;

namespace Faultline.Tests.Areas;

public class AreaTreeTests
{
    private const int SpacePages = 4096;

    [Fact]
    public void WhenTheTreeIsEmptyThenNothingIsFound()
    {
        var tree = new AreaTree();
        Assert.Equal(0, tree.Count);
        foreach (ulong address in new[] { 0UL, 0x1000UL, ulong.MaxValue })
        {
            Assert.Null(tree.Find(address));
            Assert.Null(tree.FindFirstEndingAfter(address));
            Assert.Null(tree.Previous(address));
            Assert.Null(tree.Next(address));
        }

        Assert.Empty(Enumerate(tree, 0, ulong.MaxValue));
    }

    [Fact]
    public void WhenChangesAreRandomThenEachSearchAnswersAsASortedListDoes() =>
        AreaProgram.Steps(SpacePages, 400).Sample(
            steps =>
            {
                var program = new AreaProgram();
                for (int i = 0; i < steps.Length; i++)
                {
                    program.Run(steps[i]);
                    if (i % 16 == 15) CheckSearchesNear(program, AreaProgram.Address(steps[i].Page));
                }

                CheckEverything(program);
            },
            iter: 600);

    [Fact]
    public void WhenFiftyThousandAreasComeAndGoThenTheTreeHoldsThemAll()
    {
        var random = new Random(7);
        VmArea[] areas = [.. Enumerable.Range(0, 50_000).Select(i => AreaProgram.Area(AreaProgram.Address(4 * i), AreaProgram.Address((4 * i) + 2)))];
        VmArea[] order = [.. areas];
        random.Shuffle(order);

        var tree = new AreaTree();
        foreach (VmArea area in order) tree.Insert(area);
        Assert.Equal(areas.Length, tree.Count);
        Assert.Equal(areas, Enumerate(tree, 0, ulong.MaxValue));
        Assert.All(areas, area => Assert.Same(area, tree.Find(area.Start + Page.Size)));

        random.Shuffle(order);
        foreach (VmArea area in order[1000..]) tree.Remove(area);
        Assert.Equal(order[..1000].OrderBy(area => area.Start), Enumerate(tree, 0, ulong.MaxValue));
        foreach (VmArea area in order[..1000]) tree.Remove(area);
        Assert.Equal(0, tree.Count);
        Assert.Empty(Enumerate(tree, 0, ulong.MaxValue));
    }

    [Fact]
    public void WhenAllAreasAreReplacedAtOnceThenOnlyTheNewOnesRemain()
    {
        VmArea[] areas = [.. Enumerable.Range(0, 20_000).Select(i => AreaProgram.Area(AreaProgram.Address(4 * i), AreaProgram.Address((4 * i) + 2)))];
        var tree = new AreaTree();
        tree.Replace([], areas);
        Assert.Equal(areas, Enumerate(tree, 0, ulong.MaxValue));

        VmArea one = AreaProgram.Area(areas[0].Start, areas[^1].End);
        tree.Replace(areas, [one]);
        Assert.Equal([one], Enumerate(tree, 0, ulong.MaxValue));
        Assert.Same(one, tree.Find(areas[9000].End));

        tree.Replace([one], areas);
        Assert.Equal(areas, Enumerate(tree, 0, ulong.MaxValue));
        Assert.Equal(areas.Length, tree.Count);
    }

    [Fact]
    public void WhenANeighbourhoodChangesThenItIsNotCurrentAnyMore()
    {
        var tree = new AreaTree();
        VmArea first = AreaProgram.Area(AreaProgram.Address(1), AreaProgram.Address(2)), second = AreaProgram.Area(AreaProgram.Address(4), AreaProgram.Address(5));
        tree.Insert(first);
        AreaNeighbourhood before = tree.Around(AreaProgram.Address(2), AreaProgram.Address(6), low: 0, high: ulong.MaxValue);
        Assert.True(before.IsCurrent);
        Assert.True(before.IsFree(AreaProgram.Address(6)));
        tree.Insert(second);
        Assert.False(before.IsCurrent);
        AreaNeighbourhood after = tree.Around(AreaProgram.Address(2), AreaProgram.Address(6), low: 0, high: ulong.MaxValue);
        Assert.False(after.IsFree(AreaProgram.Address(6)));
        Assert.True(after.IsFree(AreaProgram.Address(4)));
        tree.Remove(second);
        Assert.False(after.IsCurrent);
    }

    [Fact]
    public void WhenAnAreaIsNotInTheTreeThenReplacingItThrowsAndChangesNothing()
    {
        var tree = new AreaTree();
        VmArea[] areas = [.. Enumerable.Range(0, 100).Select(i => AreaProgram.Area(AreaProgram.Address(4 * i), AreaProgram.Address((4 * i) + 2)))];
        tree.Replace([], areas);
        VmArea twin = AreaProgram.Area(areas[50].Start, areas[50].End);

        Assert.Throws<InvalidOperationException>(() => tree.Remove(twin));
        Assert.Throws<InvalidOperationException>(() => tree.Replace([areas[0], areas[2]], [twin]));
        Assert.Throws<InvalidOperationException>(() => tree.Replace([.. areas[..60], .. areas[61..]], []));

        Assert.Equal(areas, Enumerate(tree, 0, ulong.MaxValue));
        tree.Replace(areas, []);
        Assert.Equal(0, tree.Count);
    }

    [Fact]
    public void WhenAFileAndAStackGrowBesideALeafBorderThenNoAreaIsLost()
    {
        // Sixteen areas fill a leaf; the next one splits it in the wide gap between the eighth and the ninth.
        VmArea[] areas = [.. Enumerable.Range(0, 17).Select(i => AreaProgram.Area(AreaProgram.Address(i < 8 ? i * 4 : 100_000 + (i * 4)), AreaProgram.Address(i < 8 ? (i * 4) + 1 : 100_001 + (i * 4))))];
        var program = new AreaProgram();
        foreach (VmArea area in areas) program.Replace([], [area]);
        for (int page = 1; page < 50_000; page += 777)
        {
            Widen(program, 7, 0, page);
            Widen(program, 8, page, 0);
            CheckEverything(program);
        }

        static void Widen(AreaProgram program, int index, int down, int up)
        {
            VmArea area = program.Areas[index];
            program.Replace([area], [AreaProgram.Area(area.Start - Math.Min((ulong)down << Page.Shift, area.Start - program.Areas[index - 1].End), area.End + Math.Min((ulong)up << Page.Shift, program.Areas[index + 1].Start - area.End))]);
        }
    }

    private static void CheckEverything(AreaProgram program)
    {
        IReadOnlyList<VmArea> areas = program.Areas;
        Assert.Equal(areas, Enumerate(program.Tree, 0, ulong.MaxValue));
        Assert.Equal(areas.Count, program.Tree.Count);
        foreach (VmArea area in areas) CheckSearchesNear(program, area.Start);
    }

    private static void CheckSearchesNear(AreaProgram program, ulong address)
    {
        IReadOnlyList<VmArea> areas = program.Areas;
        foreach (ulong at in new[] { address - 1, address, address + 1, address + Page.Size })
        {
            Assert.Same(areas.FirstOrDefault(area => area.Contains(at)), program.Tree.Find(at));
            Assert.Same(areas.FirstOrDefault(area => area.End > at), program.Tree.FindFirstEndingAfter(at));
            Assert.Same(areas.LastOrDefault(area => area.End <= at), program.Tree.Previous(at));
            Assert.Same(areas.FirstOrDefault(area => area.Start >= at), program.Tree.Next(at));
        }

        if (program.Tree.Find(address) is { } found)
        {
            int index = areas.TakeWhile(area => area != found).Count();
            Assert.Same(index > 0 ? areas[index - 1] : null, program.Tree.Previous(found));
            Assert.Same(index + 1 < areas.Count ? areas[index + 1] : null, program.Tree.Next(found));
        }

        ulong end = address + (100 * (ulong)Page.Size);
        Assert.Equal(areas.Where(area => area.End > address && area.Start < end), Enumerate(program.Tree, address, end));
        foreach (ulong last in new[] { address + Page.Size, end })
        {
            AreaNeighbourhood around = program.Tree.Around(address, last, low: 0, high: ulong.MaxValue);
            Assert.Same(program.Tree.Previous(address), around.Below);
            Assert.Same(program.Tree.FindFirstEndingAfter(address), around.First);
            Assert.Same(program.Tree.FindFirstEndingAfter(last), around.Last);
        }
    }

    private static List<VmArea> Enumerate(AreaTree tree, ulong start, ulong end)
    {
        List<VmArea> areas = [];
        foreach (VmArea area in tree.Range(start, end)) areas.Add(area);
        return areas;
    }
}
