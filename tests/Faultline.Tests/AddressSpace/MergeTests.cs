using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

/// <summary>Which neighbours become one area, as observed on Linux 6.18. One letter is one area's page.</summary>
public class MergeTests
{
    [Fact]
    public void WhenNewMapsTouchThenTheyMerge()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Map(1, 1);
        test.Map(3, 1);
        Assert.Equal("AA.B", test.Strip);
        test.Map(2, 1);
        Assert.Equal("AAAA", test.Strip);
    }

    [Fact]
    public void WhenOneSideHasPagesThenANewMapStillMerges()
    {
        using var test = new TestSpace();
        test.Map(1, 1);
        test.Touch(1);
        test.Map(0, 1);
        test.Map(2, 1);
        Assert.Equal("AAA", test.Strip);
    }

    [Fact]
    public void WhenBothSidesHavePagesOfTheirOwnThenTheGapJoinsTheLower()
    {
        //  A . B  →  A A B: the AnonVmas of A and B differ
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Touch(0);
        test.Map(2, 1);
        test.Touch(2);
        test.Map(1, 1);
        Assert.Equal("AAB", test.Strip);
    }

    [Fact]
    public void WhenAnAreaIsSplitBeforeItsFirstPageThenPartsWithPagesStayApart()
    {
        using var test = new TestSpace();
        test.Map(0, 3);
        test.Protect(1, 1, R);
        test.Touch(0, 2);
        Assert.Equal("ABC", test.Strip);
        test.Protect(1, 1, RW);
        Assert.Equal("AAB", test.Strip);
    }

    [Fact]
    public void WhenAnAreaIsSplitAfterItsFirstPageThenItMergesBack()
    {
        using var test = new TestSpace();
        test.Map(0, 3);
        test.Touch(0);
        test.Protect(1, 1, R);
        Assert.Equal("ABC", test.Strip);
        test.Protect(1, 1, RW);
        Assert.Equal("AAA", test.Strip);
    }

    [Fact]
    public void WhenReservedMemoryIsCommittedPieceByPieceThenThePiecesMerge()
    {
        using var test = new TestSpace();
        test.Map(0, 3, Protection.None);
        test.Protect(0, 1, RW);
        test.Touch(0);
        test.Protect(1, 1, RW);
        Assert.Equal("AAB", test.Strip);
        test.Touch(1);
        Assert.Equal("rw-p ---p", test.Rights);
    }

    [Fact]
    public void WhenWrittenMemoryLosesItsRightsThenItStaysApartFromMemoryNeverCommitted()
    {
        using var test = new TestSpace();
        test.Map(0, 1, Protection.None);
        test.Map(1, 1);
        test.Protect(1, 1, Protection.None);
        Assert.Equal("AA", test.Strip);
        test.Protect(1, 1, RW);
        test.Touch(1);
        test.Protect(1, 1, Protection.None);
        Assert.Equal("AB", test.Strip);
        Assert.True(Has(test.AreaAt(1), "ac"));
    }

    [Theory]
    [InlineData(MapFlags.NoReserve)]
    [InlineData(MapFlags.GrowsDown)]
    [InlineData(MapFlags.Stack)]
    [InlineData(MapFlags.Locked)]
    public void WhenAMapFlagDiffersThenNeighboursStayApart(MapFlags flag)
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Map(1, 1, RW, Private | flag);
        Assert.Equal("AB", test.Strip);
    }

    [Fact]
    public void WhenSharedMemoryTouchesThenItIsTwoObjects()
    {
        using var test = new TestSpace();
        test.Map(0, 1, RW, Shared);
        test.Map(1, 1, RW, Shared);
        Assert.Equal("AB", test.Strip);
    }

    [Fact]
    public void WhenAMapReplacesTheMiddleOfItsLikeThenOneAreaRemains()
    {
        using var test = new TestSpace();
        test.Map(0, 3);
        test.Touch(0, 1, 2);
        test.Map(1, 1);
        Assert.Equal("AAA", test.Strip);
        Assert.Equal([1, 0, 3], Enumerable.Range(0, 3).Select(page => (int)test.Read(page)));
    }

    [Fact]
    public void WhenAdviceIsKeptAsAFlagThenItSplitsAndMerges()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.TryAdvise(0, 1, Advice.HugePage);
        test.Map(1, 1);
        Assert.Equal("AB", test.Strip);
        test.TryAdvise(1, 1, Advice.HugePage);
        Assert.Equal("AA", test.Strip);
    }

    [Fact]
    public void WhenAChildMapsBesideForkedPagesThenTheyStayApart()
    {
        using var test = new TestSpace();
        test.Map(0, 3);
        test.Touch(1);
        using AddressSpace child = test.Space.Fork();

        child.Map(At(3), P, RW, Private);
        Assert.Equal("AAAB", StripOf(child));
        child.Protect(At(1), P, R);
        Assert.Equal("ABCD", StripOf(child));
        child.Protect(At(1), P, RW);
        Assert.Equal("AAAB", StripOf(child));

        test.Map(3, 1);
        Assert.Equal("AAAA", test.Strip);
    }

    [Fact]
    public void WhenAChildsAreasWereSplitAtTheForkThenTheyStayApart()
    {
        using var test = new TestSpace();
        test.Map(0, 2);
        test.Touch(1);
        test.Protect(0, 1, R);
        test.Touch(1);
        using AddressSpace child = test.Space.Fork();
        child.Protect(At(0), P, RW);
        Assert.Equal("AB", StripOf(child));
        test.Protect(0, 1, RW);
        Assert.Equal("AA", test.Strip);
    }

    [Fact]
    public void WhenAChildFillsAGapThenItJoinsOnlyTheUntouchedSide()
    {
        using var test = new TestSpace();
        test.Map(0, 1);
        test.Map(2, 1);
        test.Touch(2);
        using AddressSpace child = test.Space.Fork();
        child.Map(At(1), P, RW, Private);
        Assert.Equal("AAB", StripOf(child));
        child.Remap(At(2), P, 2 * P, RemapFlags.None);
        Assert.Equal("AABB", StripOf(child));

        // Protection gives the neighbour equal flags, yet a forked AnonVma is not handed on.
        child.Map(At(4), P, R, Private);
        child.Protect(At(4), P, RW);
        Assert.Equal("AABBC", StripOf(child));
    }

    [Fact]
    public void WhenLockedPagesBecomeWritableOneAreaAfterTheOtherThenTheFirstIsWrittenBeforeTheSecondMerges()
    {
        //  A B C  →  A A C: A has pages of its own by the time B is changed, and so has C
        using var test = new TestSpace();
        test.Map(0, 3, Protection.None);
        test.Protect(2, 1, RW);
        test.Touch(2);
        test.Protect(0, 1, R);
        test.Space.MemoryLock(At(0), P);
        test.Space.MemoryLock(At(2), P);
        test.Space.TryMemoryLock(At(1), P);
        Assert.Equal("ABC", test.Strip);
        test.Protect(0, 2, RW);
        Assert.Equal("AAB", test.Strip);
    }
}
