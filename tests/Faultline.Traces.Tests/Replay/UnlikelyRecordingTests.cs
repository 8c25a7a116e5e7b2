using Faultline.Physical;
using Faultline.Traces.Replay;
using Faultline.Traces.Tests.Fuzz;
using static Faultline.Traces.Tests.Replay.Script;

namespace Faultline.Traces.Tests.Replay;

/// <summary>Recordings of what no kernel has done, each of which once ended in another exception, in a hang, or with a frame less.</summary>
public class UnlikelyRecordingTests
{
    private const ulong A = 0x7f0000000000, Chunk = 0x10000;

    // Longer than any of them takes on a busy machine.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(-1L, null)]
    [InlineData(null, 123L)]
    [InlineData(null, -4096L)]
    public void WhenTheHeaderTellsOfAMachineThatCannotBeThenTheErrorSaysSo(long? areas, long? lowest)
    {
        EventCorpus events = EventCorpus.Of(Samples.Named("fork.fltrace"), 100);
        var machine = new MachineFacts { MaxMapCount = areas, MinimumAddress = lowest };
        using var reader = TraceReader.Open(new MemoryStream(EventCorpus.Write(events.Header with { Machine = machine }, events.Items)));
        var error = Assert.Throws<ReplayException>(() => Replayer.Run(Recording.Load(reader)));
        Assert.Equal(ReplayFailure.ImpossibleRecording, error.Failure);
        Assert.Contains("machine", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(A + 123)]
    [InlineData(0xffff_ffff_ffff_0000)]
    public void WhenAnImageCannotBeMadeThenTheReplaySaysSoAndItsSpaceGoes(ulong start)
    {
        Recording recording = new Script().Exec(10, 1).Line(10, 2, start, 0x1000).Executed(10, 3).Fault(10, 4, A, Write).Import();
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 512 });
        using (var run = new ReplayRun(ReplayPlan.Of(recording), FaultDesign.AreaSequence, new ReplayOptions(), memory, default))
            Assert.Equal(ReplayFailure.ImpossibleRecording, Assert.Throws<ReplayException>(() => run.Run(static _ => { })).Failure);
        Assert.Equal(memory.CapacityInFrames, memory.FreeFrames);
    }

    [Fact]
    public async Task WhenAThreadsLastCallEnclosesItsFirstFaultThenBothAreReplayed()
    {
        Recording recording = new Script().Call(10, 1, 3, "munmap", 0, A, Chunk).Fault(10, 2, A, Write).Import();
        ReplayReport report = await Task.Run(() => Replayer.Run(recording)).WaitAsync(s_patience);
        Assert.Equal(2, report.Operations);
        Assert.All(report.Designs, design => Assert.Equal(0, design.FramesLost));
    }

    /// <summary>A move takes the state of its source along, which may be the target of the one before.</summary>
    [Fact]
    public async Task WhenManyMovesAreOpenAtOnceThenThePlanTakesNoTimeThatDoublesWithEach()
    {
        const ulong Target = A + 0x1000_0000;
        var script = new Script().Map(10, 1, 2, A, 2 * Chunk);
        for (int i = 0; i < 60; i++)
        {
            int thread = 20 + i;
            script.Clone(10, 3 + i, thread).Call(thread, 100 + i, 1000, "mremap", (long)(Target + ((ulong)i * Chunk)), A, Chunk, Chunk, 1, 0);
        }

        script.Map(10, 500, 501, A, 2 * Chunk); // of which the second half was never free
        ReplayPlan plan = await Task.Run(() => ReplayPlan.Of(script.Import())).WaitAsync(s_patience);
        Assert.Equal(122, plan.Operations.Count);
    }

    /// <summary>Where a mapping line at the last address makes the plan look.</summary>
    [Fact]
    public void WhenTheLastAddressIsLookedAtThenNothingIsThere() => Assert.False(new AreaView(new AreaOrder(creator: -1)).At(ulong.MaxValue).IsMapped);

    [Fact]
    public void WhenTheResidencyOfMoreThanAnArrayHoldsIsAskedForThenTheCallFailsAsItDidInTheRecording()
    {
        const long Enomem = -12;
        ReplayReport report = Replayer.Run(
            new Script().Map(10, 1, 2, A, Chunk).Call(10, 3, 4, "mincore", Enomem, 0x1000, 0x1000_0000_0000, 0).Call(10, 5, 6, "mincore", 0, A, Chunk, 0).Import());
        Assert.Equal(100, report.LowestAgreement);
    }

    [Fact]
    public void WhenCallsPopulateMoreThanAnyMachineHasThenTheBoundOfFramesDoesNotOverflow()
    {
        var script = new Script();
        for (int i = 0; i < 3000; i++) script.Call(10, (2 * i) + 1, (2 * i) + 2, "mlock", 0, 0, 0xffff_ffff_ffff_e000);
        Assert.InRange(ReplayPlan.Of(script.Import()).Survey.FrameBound, 0, long.MaxValue);
    }
}
