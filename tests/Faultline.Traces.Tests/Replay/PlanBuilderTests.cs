using Faultline.Traces.Replay;
using static Faultline.Traces.Tests.Replay.Script;

namespace Faultline.Traces.Tests.Replay;

public class PlanBuilderTests
{
    private const ulong A = 0x7f0000000000, B = 0x7f0000100000, C = 0x7f0000200000, Chunk = 0x10000;

    // Threads 10, 11 and 12 of one process; the times of the script are unique, so an operation is named by its own.
    private static Script Threads() => new Script().Clone(10, 1, 11).Clone(10, 2, 12);

    [Fact]
    public void WhenAFaultLiesInAnotherThreadsMapThenItFollowsTheMap() =>
        Ordered(Threads().Map(11, 10, 11, A, Chunk).Fault(12, 20, A, Write), (20, [10]));

    [Fact]
    public void WhenRangesDoNotOverlapThenNothingIsOrdered() =>
        Ordered(Threads().Map(11, 10, 11, A, Chunk).Map(12, 12, 13, B, Chunk).Fault(12, 20, B, Write), (12, []), (20, []));

    [Fact]
    public void WhenSeveralOperationsOfOneThreadConflictThenOnlyTheLatestIsAwaited() =>
        Ordered(
            Threads().Map(11, 10, 11, A, Chunk).Fault(11, 12, A, Write).Fault(11, 13, A + 0x1000, Write).Unmap(12, 20, 21, A, Chunk), (20, [13]));

    [Fact]
    public void WhenWhatItNeedsWasAwaitedBeforeThenItIsNotAwaitedAgain() =>
        Ordered(
            Threads().Map(11, 10, 11, A, Chunk).Map(11, 12, 13, B, Chunk).Fault(12, 20, B, Write).Fault(12, 21, A, Write), (20, [12]), (21, []));

    [Fact]
    public void WhenTwoThreadsFaultOnOnePageThenTheSecondFollows() =>
        Ordered(Shared().Fault(11, 30, A, Read).Fault(11, 31, B, Write).Fault(12, 40, A, WriteProtected), (40, [30]));

    [Fact]
    public void WhenTwoFaultsOnOnePageOverlapInTimeThenTheyRace()
    {
        ReplayPlan plan = Ordered(Shared().Fault(11, 30, A, Write).Fault(12, 31, A, Write).Fault(11, 40, B, Write).Unmap(10, 50, 51, A, Chunk), (31, []), (50, [30, 31]));
        Assert.NotEqual(0, plan.Operations.RaceOf(At(plan, 30)));
        Assert.Equal(plan.Operations.RaceOf(At(plan, 30)), plan.Operations.RaceOf(At(plan, 31)));
    }

    [Fact]
    public void WhenTheKernelRepeatsAnAccessThenAnUnmapFollowsTheLastAttempt()
    {
        ReplayPlan plan = Ordered(Shared().KernelFault(11, 30, A, 0x2).KernelFault(11, 31, A, 0x2).Unmap(12, 50, 51, A, Chunk), (31, []), (50, [31]));
        Assert.True(plan.Operations.IsRepeated(At(plan, 30)) && plan.Operations.IsRepeated(At(plan, 31)));
    }

    [Fact]
    public void WhenTheFirstOfTwoFaultsIsOverThenTheyDoNotRace()
    {
        ReplayPlan plan = Ordered(Shared().Fault(11, 30, A, Write).Fault(11, 31, B, Write).Fault(12, 40, A, Write), (40, [30]));
        Assert.Equal(0, plan.Operations.RaceOf(At(plan, 40)));
    }

    [Fact]
    public void WhenAnUnhintedMapReusesARangeThenTheUnmapCameFirstThoughItReturnsLater() =>
        Ordered(Shared().Unmap(11, 30, 60, A, Chunk).Map(12, 31, 40, A, Chunk).Fault(12, 50, A, Write), (31, [30]), (30, [13]), (50, []));

    [Fact]
    public void WhenAFaultIsResolvedDuringAnOpenUnmapThenItCameFirst() =>
        Ordered(Shared().Unmap(11, 30, 60, A, Chunk).Fault(12, 40, A, Write), (40, []), (30, [40]));

    [Fact]
    public void WhenAnAccessIsPermittedOnlyByAnOpenCallThenTheCallCameFirst() =>
        Ordered(
            Threads().Map(10, 10, 11, A, Chunk, rights: 0).Call(11, 30, 60, "mprotect", 0, A, Chunk, 3).Fault(12, 40, A, Write), (40, [30]));

    [Fact]
    public void WhenAPageIsGoneDuringAnOpenDontNeedThenTheCallCameFirst() =>
        Ordered(
            Shared().Fault(12, 30, A, Write).Call(11, 31, 60, "madvise", 0, A, Chunk, 4).Fault(12, 40, A, Write), (40, [31]), (31, [30]));

    [Fact]
    public void WhenAPageIsPresentDuringAnOpenDontNeedThenTheFaultCameFirst() =>
        Ordered(
            Shared().Fault(12, 30, A, Read).Call(11, 31, 60, "madvise", 0, A, Chunk, 4).Fault(12, 40, A, WriteProtected), (40, []), (31, [40]));

    [Fact]
    public void WhenOnlyOneOrderOfTwoCallsGivesBothResultsThenItIsTaken() =>
        Ordered(Shared().Call(11, 30, 60, "mprotect", 0, A, Chunk, 1).Unmap(12, 31, 40, A, Chunk), (31, [30]), (30, [13]));

    [Fact]
    public void WhenAFailureIsPossibleOnlyAfterwardsThenTheOrderOfTheExitsStands() =>
        Ordered(Shared().Call(11, 30, 60, "mprotect", -12, A, Chunk, 1).Unmap(12, 31, 40, A, Chunk), (30, [31]), (31, [11]));

    [Fact]
    public void WhenBothOrdersArePossibleThenTheOrderOfTheExitsStands() =>
        Ordered(
            Shared().Call(11, 30, 60, "madvise", 0, A, Chunk, 4).Call(12, 31, 40, "madvise", 0, A, Chunk, 4), (30, [31]), (31, [11]));

    [Fact]
    public void WhenALineShowsANeighbourThenTheNeighboursCallsAreOrdered() =>
        Ordered(
            Threads().Map(11, 10, 14, A, Chunk).Line(11, 12, A, Chunk)
                .Map(12, 20, 24, A - Chunk, Chunk).Line(12, 22, A - Chunk, 2 * Chunk)
                .Unmap(11, 30, 31, A, Chunk),
            (20, [10]), (30, [20]));

    [Fact]
    public void WhenALineEndsAtANeighbourThenTheNeighbourComesLater() =>
        Ordered(
            Threads().Map(11, 10, 14, A, Chunk).Line(11, 12, A, Chunk).Map(12, 20, 24, A - Chunk, Chunk).Line(12, 22, A - Chunk, 2 * Chunk),
            (20, [10]), (10, []));

    [Fact]
    public void WhenFaultsLieInWhatALineShowsThenTheyAreNotOrdered() =>
        Ordered(
            Threads().Map(11, 10, 14, A, Chunk).Line(11, 12, A, Chunk).Fault(11, 15, A, Write).Fault(11, 16, A + 0x1000, Write)
                .Map(12, 20, 24, A - Chunk, Chunk).Line(12, 22, A - Chunk, 2 * Chunk),
            (20, [15]));

    [Fact]
    public void WhenALineShowsAreasAsOneThenTheFaultThatWouldHaveKeptThemApartComesAfterIt() =>
        Ordered(
            Threads()
                .Map(10, 3, 6, A - Chunk, Chunk).Line(10, 4, A - Chunk, Chunk).Fault(10, 7, A - Chunk, Write)
                .Map(11, 10, 14, A + Chunk, Chunk).Line(11, 12, A + Chunk, Chunk)
                .Map(12, 20, 26, A, Chunk).Fault(11, 22, A + Chunk, Write).Line(12, 24, A - Chunk, 3 * Chunk),
            (22, [20]), (20, [7, 10]));

    /// <summary>
    /// <code>
    /// A-Chunk   A         A+Chunk   A+2Chunk
    /// |written  |free     |free     |mapped by 11, whose first write is under way |
    ///                     |--- 12 maps: one area with the right neighbour --------|
    /// |------------------- 10 maps: one area with both neighbours ----------------|
    /// </code>
    /// The first line is possible before and after the write, the second one only before.
    /// </summary>
    [Theory]
    [InlineData(20, 21)]
    [InlineData(23, 25)]
    public void WhenALineAfterAnotherShowsAreasAsOneThenTheFaultWaitsForTheLastLine(long firstEnter, long secondEnter) =>
        Ordered(
            Threads()
                .Map(10, 3, 6, A - Chunk, Chunk).Line(10, 4, A - Chunk, Chunk).Fault(10, 7, A - Chunk, Write)
                .Map(11, 10, 14, A + (2 * Chunk), Chunk).Line(11, 12, A + (2 * Chunk), Chunk)
                .Fault(11, 22, A + (2 * Chunk), Write)
                .Map(12, firstEnter, 28, A + Chunk, Chunk).Line(12, 24, A + Chunk, 2 * Chunk)
                .Map(10, secondEnter, 29, A, Chunk).Line(10, 26, A - Chunk, 4 * Chunk),
            (22, [secondEnter]), (secondEnter, [10, firstEnter]), (firstEnter, [10]));

    /// <summary>The plan of the first events of a recording, up to a moment: the call lies behind it.</summary>
    [Fact]
    public void WhenAFaultWaitsForACallThatIsNotPlannedThenTheFaultIsPlannedAllTheSame()
    {
        Recording recording = Threads()
            .Map(10, 3, 6, A - Chunk, Chunk).Line(10, 4, A - Chunk, Chunk).Fault(10, 7, A - Chunk, Write)
            .Map(11, 10, 14, A + Chunk, Chunk).Line(11, 12, A + Chunk, Chunk)
            .Fault(11, 22, A + Chunk, Write).Map(12, 23, 26, A, Chunk).Line(12, 24, A - Chunk, 3 * Chunk).Import();
        int fault = Assert.Single(recording.Events.ToArray(), e => e.Time == 22).Index;
        Assert.True(ReplayPlan.Of(recording, events: fault + 1).Operations.Contains(fault));
    }

    [Fact]
    public void WhenCallsAreOrderedThenEachFollowsTheOneBeforeItsRangeOrNot()
    {
        Script script = Threads().Map(11, 10, 11, A, Chunk).Map(12, 12, 20, B, Chunk).Fault(12, 21, B, Write).Unmap(11, 13, 19, A, Chunk);
        Ordered(script, (12, []), (13, []), (21, []));
        OrderedCalls(script, (12, [13]), (13, []), (21, []));
    }

    [Fact]
    public void WhenAMoveFreesARangeThenAMapThereFollows() =>
        Ordered(Shared().Call(11, 30, 60, "mremap", (long)C, A, Chunk, 2 * Chunk, 1, 0).Map(12, 31, 40, A, Chunk).Fault(12, 70, C, Write), (31, [30]), (70, []));

    [Fact]
    public void WhenTheHeapGrowsThenFaultsInItFollowTheCallThatAddedTheirPage() =>
        Ordered(
            Threads().Call(10, 10, 11, "brk", (long)A, 0).Call(11, 20, 21, "brk", (long)(A + 0x1000), A + 0x1000)
                .Call(12, 30, 31, "brk", (long)(A + 0x2000), A + 0x2000).Fault(10, 40, A, Read).Fault(10, 41, A + 0x1000, Read),
            (30, []), (40, [20]), (41, [30]));

    [Fact]
    public void WhenAStackGrowsThenAccessesToThePagesBetweenFollow() =>
        Ordered(
            Threads().Map(10, 10, 11, A, Chunk, flags: Anonymous | 0x100).Fault(11, 20, A - 0x3000, Write).Fault(12, 30, A - 0x1000, Read),
            (20, [10]), (30, [20]));

    [Fact]
    public void WhenAProcessForksThenEverythingInTheSpaceIsOrderedAroundIt() =>
        Ordered(
            Shared().Fault(11, 30, A, Write).Fault(12, 31, B, Write).Fork(10, 40, 20).Fault(20, 50, A, WriteProtected).Fault(12, 51, B, WriteProtected),
            (40, [30, 31]), (50, []), (51, [40]));

    [Fact]
    public void WhenAParentIsInVforkThenItGoesOnAfterTheChildsExec() =>
        Ordered(new Script().Map(10, 1, 2, A, Chunk).Vfork(10, 3, 20).Exec(20, 10).Executed(20, 12).Fault(10, 20, A, Write), (20, [10]));

    [Fact]
    public void WhenAParentIsInVforkThenItGoesOnAfterTheChildsExit() =>
        Ordered(new Script().Map(10, 1, 2, A, Chunk).Vfork(10, 3, 20).Exit(20, 10).Fault(10, 20, A, Write), (20, [10]));

    [Fact]
    public void WhenAThreadIdIsUsedAgainThenItIsAnotherThread()
    {
        ReplayPlan plan = ReplayPlan.Of(Threads().Exit(11, 10).Clone(10, 20, 11).Exit(11, 30).Import());
        Assert.Equal(4, plan.Threads.Count(thread => thread.Operations.Count > 0) + 1); // 12 does nothing
        Assert.NotSame(plan.Operations.ThreadOf(At(plan, 10)), plan.Operations.ThreadOf(At(plan, 30)));
        Assert.Equal(2, plan.MostLive);
    }

    [Fact]
    public void WhenArgumentsArePointersThenTheCallIsListedAsNotReplayed()
    {
        ReplayPlan plan = ReplayPlan.Of(Threads().Call(10, 10, 11, "prlimit64", 0, 0, 3, 0, 0x1000).Fault(10, 20, 0, Read).Import());
        Assert.Single(plan.Skipped, skipped => skipped.Key.StartsWith("prlimit64: ", StringComparison.Ordinal) && skipped.Value == 1);
    }

    // Two areas that have their AnonVma, which every thread has met: nothing before time 15 is awaited by what comes after, but for faults of others.
    private static Script Shared() => Threads()
        .Map(10, 5, 6, A, Chunk).Map(10, 7, 8, B, Chunk).Fault(10, 9, A + 0xf000, Write).Fault(10, 10, B + 0xf000, Write)
        .Fault(11, 11, A + 0xe000, Read).Fault(11, 12, B + 0xe000, Read).Fault(12, 13, A + 0xd000, Read).Fault(12, 14, B + 0xd000, Read);

    private static ReplayPlan Ordered(Script script, params (long Time, long[] After)[] expected) => Ordered(ReplayPlan.Of(script.Import()), expected);

    private static void OrderedCalls(Script script, params (long Time, long[] After)[] expected) =>
        Ordered(ReplayPlan.Of(script.Import(), orderCalls: true), expected);

    private static ReplayPlan Ordered(ReplayPlan plan, (long Time, long[] After)[] expected)
    {
        foreach ((long time, long[] after) in expected)
        {
            long[] found = [.. plan.Operations.PredecessorsOf(At(plan, time)).ToArray().Select(operation => plan.Recording[operation].Time)];
            Assert.Equal(after.Order(), found.Order());
        }

        return plan;
    }

    private static int At(ReplayPlan plan, long time) =>
        Assert.Single(plan.Recording.Events.ToArray(), e => e.Time == time && plan.Operations.Contains(e.Index)).Index;
}
