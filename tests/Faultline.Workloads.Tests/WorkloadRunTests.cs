using System.Diagnostics;
using Faultline.Physical;

namespace Faultline.Workloads.Tests;

/// <summary>Samples: how long they take, and how they end early.</summary>
public class WorkloadRunTests
{
    private static readonly TimeSpan s_shortTime = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_farTooLong = TimeSpan.FromSeconds(30);

    [Fact]
    public void WhenATimeIsGivenThenAllThreadsRunForIt()
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 4096 });
        using var program = new GuestProgram(memory, FaultDesign.AreaSequence);
        using var run = WorkloadRun.Open(WorkloadCatalog.Find("mmap1")!, program, 2, Small.Options);
        long before = Stopwatch.GetTimestamp();
        var sample = run.Sample(WorkloadLength.For(s_shortTime));
        Assert.InRange(Stopwatch.GetElapsedTime(before), s_shortTime, s_farTooLong);
        Assert.InRange(sample.Operations, 2, long.MaxValue);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenCancelledThenTheSampleEnds(bool isTimed)
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 4096 });
        using var program = new GuestProgram(memory, FaultDesign.Classic);
        using var run = WorkloadRun.Open(WorkloadCatalog.Find("page_fault1")!, program, 2, Small.Options);
        using var stop = new CancellationTokenSource(s_shortTime);
        var length = isTimed ? WorkloadLength.For(TimeSpan.FromHours(1)) : WorkloadLength.Of(long.MaxValue);
        Assert.Throws<OperationCanceledException>(() => run.Sample(length, stop.Token));
    }
}
