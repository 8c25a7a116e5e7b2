using Faultline.Physical;

namespace Faultline.Workloads.Tests;

/// <summary>Every workload under every design: contents as written, and all frames home.</summary>
public class WorkloadTests
{
    private const int Count = 700;

    public static MatrixTheoryData<string, FaultDesign, int> Cases { get; } = new([.. WorkloadCatalog.All.Select(w => w.Name)], Enum.GetValues<FaultDesign>(), [1, 3]);

    public static TheoryData<string> WithWrites { get; } = [.. WorkloadCatalog.All.Select(w => w.Name).Except(["mmap1", "mmap2"])];

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenRunThenContentsAreAsWrittenAndAllFramesComeHome(string name, FaultDesign design, int threads) =>
        Run(WorkloadCatalog.Find(name)!, design, threads, Small.Options);

    [Theory]
    [InlineData(FaultDesign.Classic)]
    [InlineData(FaultDesign.AreaSequence)]
    [InlineData(FaultDesign.SpaceSequence)]
    public void WhenWritersLockRangesThenContentsAreStillAsWritten(FaultDesign design)
    {
        foreach (var workload in WorkloadCatalog.All) Run(workload, design, 3, Small.Options, WriterLock.RangeLock);
    }

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    [InlineData(true, true, true)]
    public void WhenEbizzyHasSwitchesThenItsContentsAreStillAsWritten(bool randomSize, bool protect, bool copy) =>
        Run(WorkloadCatalog.Find("ebizzy")!, FaultDesign.AreaSequence, 2,
            Small.Options with { RandomSize = randomSize, ProtectChunks = protect, CopyRecords = copy });

    [Theory]
    [InlineData("mmap1")]
    [InlineData("malloc1")]
    public void WhenMoreIsMappedThanThereIsMemoryThenWhatIsNotTouchedNeedsNone(string name) =>
        Run(WorkloadCatalog.Find(name)!, FaultDesign.AreaSequence, 2, Small.Options with { RegionBytes = 128 << 20 });

    [Theory]
    [InlineData("page_fault2")]
    [InlineData("page_fault3")]
    public void WhenFilesDoNotOptInThenTheirFaultsAreClassicAndContentsAsWritten(string name)
    {
        var workload = WorkloadCatalog.Find(name)!;
        using var memory = Small.MemoryFor(workload, threads: 2);
        using var program = new GuestProgram(memory, FaultDesign.AreaSequence, speculativeFiles: false);
        using var run = WorkloadRun.Open(workload, program, 2, Small.Options);
        run.Sample(WorkloadLength.Of(Count));
        run.Verify();
        Assert.Equal(0, program.Space.FaultStatistics.SpeculativeShare);
    }

    [Fact]
    public void WhenTheShortcutIsOnThenOneThreadFaultsTheClassicWay()
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 4096 });
        using var program = new GuestProgram(memory, FaultDesign.AreaSequence, shortcut: true);
        using var run = WorkloadRun.Open(WorkloadCatalog.Find("page_fault1")!, program, 1, Small.Options);
        run.Sample(WorkloadLength.Of(Count));
        Assert.Equal(0, program.Space.FaultStatistics.SpeculativeShare);
    }

    [Theory]
    [MemberData(nameof(WithWrites))]
    public void WhenWritesAreLostThenTheWorkloadSaysSo(string name)
    {
        var workload = WorkloadCatalog.Find(name)!;
        using var memory = Small.MemoryFor(workload, threads: 1);
        using var program = new ForgetfulProgram(new GuestProgram(memory, FaultDesign.AreaSequence));
        using var run = WorkloadRun.Open(workload, program, 1, Small.Options);
        var failure = Assert.Throws<WorkloadException>(() =>
        {
            run.Sample(WorkloadLength.Of(Count));
            run.Verify();
        });
        Assert.Contains("was expected", failure.Message);
    }

    [Fact]
    public void NamesAreUniqueAndFound()
    {
        Assert.Equal(WorkloadCatalog.All.Count, WorkloadCatalog.All.DistinctBy(w => w.Name).Count());
        Assert.All(WorkloadCatalog.All, w => Assert.Same(w, WorkloadCatalog.Find(w.Name)));
        Assert.Null(WorkloadCatalog.Find("nothing"));
    }

    private static void Run(
        Workload workload, FaultDesign design, int threads, WorkloadOptions options, WriterLock writers = WriterLock.MmapLock)
    {
        using var memory = Small.MemoryFor(workload, threads);
        using (var program = new GuestProgram(memory, design, writers))
        using (var run = WorkloadRun.Open(workload, program, threads, options))
        {
            var first = run.Sample(WorkloadLength.Of(Count));
            var second = run.Sample(WorkloadLength.Of(1));
            run.Verify();

            Assert.InRange(first.Operations, Count * threads, long.MaxValue);
            Assert.InRange(second.Operations, threads, first.Operations);
            Assert.NotEqual(0, first.Latency.Count);
            Assert.True(double.IsFinite(first.OperationsPerSecond) && first.NanosecondsPerOperation > 0);
            var faults = program.Space.FaultStatistics;
            if (design == FaultDesign.Classic) Assert.Equal(0, faults[Faultline.Diagnostics.FaultEvent.Speculative]);
        }

        Assert.Equal(memory.CapacityInFrames, memory.FreeFrames);
    }
}
