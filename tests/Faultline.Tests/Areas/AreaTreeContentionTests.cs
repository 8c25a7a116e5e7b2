using Faultline.Areas;
using Faultline.Tests.Locking;

namespace Faultline.Tests.Areas;

/// <summary>Leaves that two threads change in turns.</summary>
public class AreaTreeContentionTests
{
    private const int Turns = 100, First = 10, Second = 1000;

    private readonly AreaTree _tree = new();

    [Fact]
    public void WhenTwoThreadsTakeTurnsAtTwoPlacesThenEachGetsALeafThatStaysEmptyOrNot()
    {
        TakeTurns(First, Second);
        Assert.NotSame(LeafOf(First), LeafOf(Second));
        Assert.True(LeafOf(First).IsFencedAbove && LeafOf(Second).IsFencedBelow);

        VmArea area = AreaAt(First, 1);
        _tree.Insert(area);
        Assert.Same(area, _tree.FindWithin(area.Start, area.End));
        Assert.Same(area, _tree.FindEndingAt(area.End));
        Assert.Same(area, _tree.Previous(AreaProgram.Address(Second)));
        Assert.Null(_tree.FindWithin(area.End, area.End + 1));
        Assert.Equal(1, _tree.Count);
        _tree.Remove(area);
        Assert.NotSame(LeafOf(First), LeafOf(Second));
    }

    [Fact]
    public void WhenOneThreadChangesTwoPlacesThenTheyShareALeaf()
    {
        for (int i = 0; i < Turns; i++) ChangeBoth(First, Second);
        Assert.Same(LeafOf(First), LeafOf(Second));
    }

    /// <summary>
    /// <code>
    ///        leaf       |      leaf
    ///             |===area===|
    /// </code>
    /// </summary>
    [Fact]
    public void WhenAnAreaCrossesTheBorderThenTheLeavesBecomeOne()
    {
        TakeTurns(First, Second);
        VmArea area = AreaAt(First + 1, Second - First - 1);
        _tree.Insert(area);
        Assert.Same(LeafOf(First), LeafOf(Second));
        Assert.Same(area, _tree.FindWithin(AreaProgram.Address(First), AreaProgram.Address(First + 2)));
        Assert.Same(area, _tree.Around(area.Start - Page.Size, area.Start, 0, area.End).Last);
    }

    /// <summary>What a program contends for once does not split its tree for ever.</summary>
    [Fact]
    public void WhenThreadsContendForMoreAndMorePlacesThenSplittingEnds()
    {
        for (int i = 1; i < 200; i++) _tree.SplitContended(AreaProgram.Address(i) - 1, AreaProgram.Address(i + 1) - 1);
        int leaves = 0;
        for (ulong key = 0; key != AreaLeaf.NoHigh; leaves++)
        {
            _tree.Locate(key, out AreaLeaf leaf);
            key = leaf.High;
        }

        Assert.Equal(65, leaves);
        Assert.Equal(0, _tree.Count);
        Assert.Null(_tree.FindFirstEndingAfter(0));
        Assert.Null(_tree.Previous(ulong.MaxValue));
        Assert.True(_tree.TryFindGapTopDown(0, AreaProgram.Address(100), Page.Size, out ulong start));
        Assert.Equal(AreaProgram.Address(99), start);
    }

    private void TakeTurns(int first, int second)
    {
        for (int i = 0; i < Turns; i++)
        {
            Change(first);
            LockThread.Start(() => Change(second)).Join();
        }
    }

    private void ChangeBoth(int first, int second)
    {
        Change(first);
        Change(second);
    }

    private void Change(int page)
    {
        VmArea area = AreaAt(page, 1);
        _tree.Insert(area);
        _tree.Remove(area);
    }

    private AreaLeaf LeafOf(int page)
    {
        _tree.Locate(AreaProgram.Address(page), out AreaLeaf leaf);
        return leaf;
    }

    private static VmArea AreaAt(int page, int pages) => AreaProgram.Area(AreaProgram.Address(page), AreaProgram.Address(page + pages));
}
