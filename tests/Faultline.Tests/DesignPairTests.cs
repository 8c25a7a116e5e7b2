using Faultline.Physical;

namespace Faultline.Tests;

public class DesignPairTests
{
    [Fact]
    public void AllAreThePairsThatASpaceAccepts()
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 64 });
        foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
        {
            foreach (WriterLock writers in Enum.GetValues<WriterLock>())
            {
                var pair = new DesignPair(design, writers);
                bool accepted = Record.Exception(() => new AddressSpace(memory, new AddressSpaceOptions { Design = design, WriterLock = writers }).Dispose()) is null;
                Assert.Equal((accepted, accepted), (pair.IsLegal, DesignPair.All.Contains(pair)));
            }
        }

        Frames.AssertAllHome(memory);
    }

    [Fact]
    public void ADesignAloneHasOneLock() => Assert.Equal(new DesignPair(FaultDesign.AreaLock, WriterLock.MmapLock), FaultDesign.AreaLock);

    [Fact]
    public void TheNameSaysWhereCallsLockRanges() =>
        Assert.Equal(["Classic", "Classic, ranges"], DesignPair.All.Where(pair => pair.Design == FaultDesign.Classic).Select(pair => pair.ToString()));
}
