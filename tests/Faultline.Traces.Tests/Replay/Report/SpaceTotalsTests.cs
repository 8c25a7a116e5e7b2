using Faultline.Locking;
using Faultline.Physical;

namespace Faultline.Traces.Tests.Replay;

public class SpaceTotalsTests
{
    [Fact]
    public void WhenSubtractedBeforeAndAddedAfterThenOnlyWhatHappenedInBetweenCounts()
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 4096 });
        using var space = new AddressSpace(memory);
        using var accessor = space.CreateAccessor();
        Work(space, accessor, 5);
        var totals = new SpaceTotals();
        totals.Subtract(space);
        Work(space, accessor, 3);
        totals.Add(space);

        Assert.Equal(3, totals.Faults().Resolved);
        Assert.Equal(3, totals.Faults().Speculative);
        Assert.Equal(1, totals.Faults().SpeculativeShare);
        var calls = totals.Lock().Calls;
        Assert.Equal([LockUser.Map, LockUser.Unmap], calls.Select(c => c.User));
        Assert.All(calls, c => Assert.Equal((3, 0), (c.Writes, c.Waits)));
        Assert.Empty(totals.Lock().Behind);
    }

    [Fact]
    public void WhenTwoSpacesAreAddedThenHoldsAreTheMeanOfBoth()
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 4096 });
        using AddressSpace one = new(memory), two = new(memory);
        var totals = new SpaceTotals();
        foreach (var space in new[] { one, two })
        {
            using var accessor = space.CreateAccessor();
            Work(space, accessor, 2);
            totals.Add(space);
        }

        double mean = totals.Lock().Calls.Single(c => c.User == LockUser.Unmap).MeanWriteHoldNanoseconds;
        double[] means = [.. new[] { one, two }.Select(s => s.LockStatistics.MeanWriteHoldNanoseconds(LockUser.Unmap))];
        Assert.Equal(means.Average(), mean, tolerance: 1);
    }

    [Fact]
    public void WhenCallsLockRangesThenTheirHoldsAreEstimatedFromSamples()
    {
        const int Times = 1000;
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 4096 });
        using var space = new AddressSpace(memory, new AddressSpaceOptions { WriterLock = WriterLock.RangeLock });
        using var accessor = space.CreateAccessor();
        Work(space, accessor, Times);
        var totals = new SpaceTotals();
        totals.Add(space);

        // Two calls and no other user of ranges, of which every 61st is sampled. An unmap that leaves a table empty also locks the rest of its span, on both sides, for each of two levels.
        Assert.All(totals.Lock().Calls, c => Assert.Equal(0, c.Writes));
        foreach ((LockUser user, int most) in new[] { (LockUser.Map, 1), (LockUser.Unmap, 5) })
        {
            var call = totals.Lock().Calls.Single(c => c.User == user);
            Assert.InRange(call.Ranges, Times - 122, (most * Times) + 122);
            Assert.Equal(call.HeldNanoseconds, call.Ranges * call.MeanRangeHoldNanoseconds, tolerance: 1);
        }
    }

    private static void Work(AddressSpace space, MemoryAccessor accessor, int times)
    {
        for (int i = 0; i < times; i++)
        {
            ulong start = space.Map(0, 4096, Protection.ReadWrite, MapFlags.Private);
            accessor.Write(start, start);
            space.Unmap(start, 4096);
        }
    }
}
