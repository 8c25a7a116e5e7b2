using Faultline.Differential.Programs;

namespace Faultline.Differential;

/// <summary>What <c>smaps</c> counts for pages that processes share, have copied, and have for themselves.</summary>
public class UsageTests
{
    [Fact]
    public void WhenForkedPagesAreCopiedThenBothSidesCountThemAlike() => CountAlike(
        processes: 2,
        "map p0 at=w0 len=6 bits=3 flags=0x12",
        "write p0 at=w0 bits=1",
        "write p0 at=w1 bits=1",
        "write p0 at=w2 bits=1",
        "read p0 at=w3",
        "fork p0",
        "write p1 at=w0 bits=2",
        "write p0 at=w1 bits=2",
        "write p1 at=w3 bits=2");

    [Fact]
    public void WhenACopyIsLeftAloneThenBothSidesCountItAlike() => CountAlike(
        processes: 1,
        "map p0 at=w0 len=3 bits=3 flags=0x12",
        "write p0 at=w0 bits=1",
        "write p0 at=w1 bits=1",
        "fork p0",
        "write p1 at=w0 bits=2",
        "exit p1",
        "advise p0 at=w1 len=1 bits=8");

    [Fact]
    public void WhenPagesOfAFileAreMappedAndCopiedThenBothSidesCountThemAlike() => CountAlike(
        processes: 2,
        "truncate p0 len=4 file=1",
        "filewrite p0 off=0 bits=1 file=1",
        "filewrite p0 off=1 bits=1 file=1",
        "map p0 at=w0 len=4 bits=3 flags=0x11 file=1",
        "map p0 at=w8 len=4 bits=3 flags=0x12 file=1",
        "read p0 at=w0",
        "write p0 at=w1 bits=1",
        "write p0 at=w8 bits=2",
        "fork p0",
        "read p1 at=w1",
        "write p1 at=w8 bits=3");

    [Fact]
    public void WhenMemoryIsLockedThenBothSidesCountItAlike() => CountAlike(
        processes: 2, "map p0 at=w0 len=3 bits=3 flags=0x2012", "map p0 at=w4 len=2 bits=3 flags=0x11", "write p0 at=w4 bits=1", "lock p0 at=w4 len=1", "fork p0");

    private static void CountAlike(int processes, params string[] steps)
    {
        using LockStep lockStep = Suite.StartOrSkip();
        foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
        {
            (IReadOnlyList<string> ours, IReadOnlyList<string> theirs) = lockStep.Usage(CallProgram.Parse(steps) with { Design = design }, processes);
            Assert.Contains(theirs, line => !line.Contains(" Rss=0 ", StringComparison.Ordinal));
            Assert.Equal(theirs, ours);
        }
    }
}
