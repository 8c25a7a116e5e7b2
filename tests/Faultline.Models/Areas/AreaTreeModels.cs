using Faultline.Areas;
using Faultline.Checker;

namespace Faultline.Models.Areas;

/// <summary>Searches beside writers, and writers beside each other, while leaves divide and gaps open.</summary>
public class AreaTreeModels
{
    private const ulong Base = 0x10_0000;

    // Each area has one page, and so has the gap below it.
    private const int PagesPerArea = 2;

    [Fact]
    public void WhenALeafDividesThenASearchFindsWhatStays() =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: 1_500, body: scope =>
        {
            VmArea[] areas = Areas(AreaRun.Capacity);
            AreaTree tree = Tree(areas);
            VmArea added = Area(AreaRun.Capacity);
            scope.Spawn(() => tree.Insert(added));
            scope.Spawn(() =>
            {
                Assert.Same(areas[^1], tree.Find(areas[^1].Start));
                Assert.Same(areas[0], tree.FindFirstEndingAfter(0));
            });
            scope.AtEnd(() => AssertHolds(tree, [.. areas, added]));
        });

    [Fact]
    public void WhenOneLeafDividesWhileTheOtherChangesThenBothChangesStay() =>
        Checks.AssertPasses(MemoryModel.Tso, maxSchedules: 1_500, body: scope =>
        {
            VmArea[] areas = Areas(AreaRun.Capacity + 1);
            AreaTree tree = Tree(areas);
            int boundary = BoundaryOf(tree, areas);
            VmArea[] added = [.. Enumerable.Range(areas.Length, AreaRun.Capacity + 1 - (areas.Length - boundary)).Select(Area)];
            scope.Spawn(() =>
            {
                foreach (VmArea area in added) tree.Insert(area);
            });
            scope.Spawn(() => tree.Remove(areas[boundary - 1]));
            scope.AtEnd(() => AssertHolds(tree, [.. areas[..(boundary - 1)], .. areas[boundary..], .. added]));
        });

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void WhenAGapGrowsBesideASearchThatLowersItsBoundThenTheNextSearchFindsIt(int below) =>
        Checks.AssertPasses(MemoryModel.Tso, scope =>
        {
            VmArea[] areas = Areas(AreaRun.Capacity + 1);
            AreaTree tree = Tree(areas);
            int boundary = BoundaryOf(tree, areas);
            ulong high = areas[^1].End, wide = (PagesPerArea + 1) * Page.Size;
            scope.Spawn(() => tree.Remove(areas[boundary - below]));
            scope.Spawn(() => tree.TryFindGapTopDown(Base, high, wide, out _));
            scope.AtEnd(() => Assert.True(tree.TryFindGapTopDown(Base, high, wide, out _), "the gap is not found"));
        });

    [Fact]
    public void WhenAGapGrowsAtBothEndsInTwoLeavesThenASearchFindsTheWholeOfIt() =>
        Checks.AssertPasses(MemoryModel.Tso, scope =>
        {
            VmArea[] areas = Areas(AreaRun.Capacity + 1);
            AreaTree tree = Tree(areas);
            int boundary = BoundaryOf(tree, areas);
            ulong high = areas[^1].End, wide = ((2 * PagesPerArea) + 1) * Page.Size;

            // Lowers the bounds to the truth: the writers must raise them.
            Assert.False(tree.TryFindGapTopDown(Base, high, wide, out _));
            scope.Spawn(() => tree.Remove(areas[boundary - 1]));
            scope.Spawn(() => tree.Remove(areas[boundary]));
            scope.AtEnd(() => Assert.True(tree.TryFindGapTopDown(Base, high, wide, out _), "the gap is not found"));
        });

    private static VmArea Area(int index)
    {
        ulong start = Base + ((ulong)index * PagesPerArea * Page.Size);
        return new VmArea(start, start + Page.Size, AreaFlags.Read, Page.Count(start), file: null, anonVma: null);
    }

    private static VmArea[] Areas(int count) => [.. Enumerable.Range(0, count).Select(Area)];

    private static AreaTree Tree(VmArea[] areas)
    {
        var tree = new AreaTree();
        foreach (VmArea area in areas) tree.Insert(area);
        return tree;
    }

    /// <summary>The index of the first area of the second leaf.</summary>
    private static int BoundaryOf(AreaTree tree, VmArea[] areas)
    {
        tree.Locate(areas[0].Start, out AreaLeaf leaf);
        int boundary = Array.FindIndex(areas, area => area.End - 1 >= leaf.High);
        Assert.InRange(boundary, 1, areas.Length - 1);
        return boundary;
    }

    private static void AssertHolds(AreaTree tree, VmArea[] areas)
    {
        var held = new List<VmArea>();
        foreach (VmArea area in tree.Range(0, ulong.MaxValue)) held.Add(area);
        Assert.Equal(areas, held);
        Assert.Equal(areas.Length, tree.Count);
    }
}
