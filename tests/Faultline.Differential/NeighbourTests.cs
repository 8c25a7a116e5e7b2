using Faultline.Differential.Programs;

namespace Faultline.Differential;

/// <summary>
/// dotnet/runtime#97316: a heap is reserved, several streams commit and write it upwards from different places, and where two streams meet their areas are
/// equal in all that <c>/proc/PID/maps</c> shows, and never become one. With many streams the process reaches the map-count limit.
/// </summary>
/// <remarks>
/// Each program runs on the host too, which must have the same areas after each step. A growth over all of the heap tells at the end: only one area can grow.
/// </remarks>
public class NeighbourTests
{
    private const string OneArea = "w0", SeveralAreas = "EFAULT";

    // Two streams of a heap of eight pages; the lower one has reached the start of the upper one. Each is written first when it is alone.
    private static readonly string[] s_streams =
    [
        "map p0 at=w0 len=8 flags=0x12",
        "protect p0 at=w0 len=1 bits=3",
        "protect p0 at=w4 len=1 bits=3",
        "write p0 at=w0 bits=1",
        "write p0 at=w4 bits=1",
        "protect p0 at=w5 len=3 bits=3",
        "protect p0 at=w1 len=3 bits=3",
        "write p0 at=w3 bits=1",
    ];

    [Fact]
    public void WhenStreamsOfCommitsMeetThenTheyStayApartForTheirAnonVmasAlone() => Agree(SeveralAreas, s_streams);

    [Fact]
    public void WhenAllPagesOfAStreamAreDroppedThenItStaysApart() => Agree(
        SeveralAreas,
        [.. s_streams, "advise p0 at=w4 len=4 bits=4", "protect p0 at=w4 len=4", "protect p0 at=w4 len=4 bits=3"]);

    [Fact]
    public void WhenAStreamIsMappedAnewThenItJoins() => Agree(
        OneArea, [.. s_streams, "map p0 at=w4 len=4 flags=0x12", "protect p0 at=w4 len=4 bits=3", "write p0 at=w4 bits=1"]);

    [Fact]
    public void WhenTheHeapIsWrittenOnceBeforeItIsDividedThenStreamsJoin() => Agree(
        OneArea,
        ["map p0 at=w0 len=8 bits=3 flags=0x12", "write p0 at=w0 bits=1", "protect p0 at=w0 len=8", .. s_streams[1..]]);

    [Fact]
    public void WhenCommitsGoUpwardsOnlyThenTheyJoin() => Agree(
        OneArea,
        "map p0 at=w0 len=8 flags=0x12",
        "protect p0 at=w0 len=4 bits=3",
        "write p0 at=w0 bits=1",
        "protect p0 at=w4 len=4 bits=3",
        "write p0 at=w4 bits=1");

    private static void Agree(string grown, params string[] steps)
    {
        using LockStep lockStep = Suite.StartOrSkip();
        foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
        {
            CallProgram program = CallProgram.Parse(steps) with { Design = design };
            MergeObstacles[] obstacles = [.. lockStep.Explain(program).Select(boundary => boundary.Obstacles)];
            Assert.Equal(grown == OneArea ? [] : [MergeObstacles.AnonVma], obstacles);

            var results = new List<string>();
            lockStep.MustAgree(CallProgram.Parse([.. steps, "remap p0 at=w0 len=8 new=9"]) with { Design = design }, results);
            Assert.Equal(grown, results[^1]);
        }
    }
}
