namespace Faultline.Traces.Tests.Replay;

public class SnapshotsTests
{
    private const ulong A = 0x7f0000000000, Chunk = 0x10000;

    [Fact]
    public void WhenNoTimeIsGivenThenEachSpaceIsShownAtItsEnd()
    {
        SpaceSnapshot[] spaces = [.. Snapshots.Of(Forked())];
        Assert.Equal([(0, 10), (1, 20)], spaces.Select(space => (space.Space, space.ProcessId)));
        Assert.Equal([(A, A + (2 * Chunk))], Ranges(spaces[0]));
        Assert.Equal([(A + 0x1000, A + Chunk)], Ranges(spaces[1]));
    }

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(1900, 1)]
    [InlineData(2000, 2)]
    [InlineData(4500, 1)]
    public void WhenATimeIsGivenThenTheSpacesThatExistAreShown(int at, int expected) =>
        Assert.Equal(expected, Snapshots.Of(Forked(), At(at)).Count);

    [Fact]
    public void WhenATimeIsGivenThenLaterCallsHaveNotBeenMade()
    {
        SpaceSnapshot space = Snapshots.Of(Forked(), At(2500))[1];
        Assert.Equal([(A, A + Chunk)], Ranges(space));
        Assert.Equal(20, space.ProcessId);
    }

    [Fact]
    public void WhenAForkedChildDoesNothingThenItIsShownAsItWasForked()
    {
        SpaceSnapshot[] spaces = [.. Snapshots.Of(new Script().Map(10, 1, 2, A, Chunk).Fork(10, 3, 20).Unmap(10, 4, 5, A, Chunk).Import())];
        Assert.Empty(spaces[0].Areas);
        Assert.Equal([(A, A + Chunk)], Ranges(spaces[1]));
    }

    [Fact]
    public void WhenAVforkChildEndsThenItsParentsSpaceGoesOn()
    {
        Script script = new Script().Map(10, 100, 200, A, Chunk).Vfork(10, 300, 20).Exit(20, 400).Map(10, 500, 600, A + Chunk, Chunk);
        SpaceSnapshot space = Assert.Single(Snapshots.Of(script.Import(), At(450)));
        Assert.Equal(10, space.ProcessId);
    }

    [Fact]
    public void WhenNeighboursAreApartThenTheSnapshotSaysWhy()
    {
        SpaceSnapshot space = Assert.Single(Snapshots.Of(new Script().Map(10, 1, 2, A, Chunk).Map(10, 3, 4, A + Chunk, Chunk, rights: 1).Import()));
        Assert.Equal(MergeObstacles.Rights | MergeObstacles.Flags, Assert.Single(space.Boundaries).Obstacles);
        Assert.Contains("rights (rw- and r--)", space.ExplainedMaps, StringComparison.Ordinal);
        Assert.DoesNotContain("rights", space.Maps, StringComparison.Ordinal);
    }

    // 10 maps; 20 is its copy and takes a page away; 20 ends, 10 maps more.
    private static Recording Forked() => new Script()
        .Map(10, 100, 200, A, Chunk).Fork(10, 2000, 20).Unmap(20, 3000, 3100, A, 0x1000).Exit(20, 4000).Map(10, 5000, 5100, A + Chunk, Chunk).Import();

    // A script's time in nanoseconds, from the first event on, which all scripts here have at 100.
    private static TimeSpan At(int time) => TimeSpan.FromTicks((time - 100) / TimeSpan.NanosecondsPerTick);

    private static IEnumerable<(ulong, ulong)> Ranges(SpaceSnapshot space) => space.Areas.Select(area => (area.Start, area.End));
}
