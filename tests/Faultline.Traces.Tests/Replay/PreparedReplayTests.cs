namespace Faultline.Traces.Tests.Replay;

public class PreparedReplayTests
{
    [Fact]
    public void WhenRunAgainThenTheSameMemoryServesAndNoFrameStaysOut()
    {
        using var prepared = new PreparedReplay(Recording.Load(Samples.Named("fork.fltrace")));
        DesignReport classic = prepared.Run(FaultDesign.Classic);
        DesignReport speculative = prepared.Run(FaultDesign.AreaSequence);
        DesignReport shortCut = prepared.Run(FaultDesign.AreaSequence, shortCut: true);
        Assert.All([classic, speculative, shortCut], run => Assert.Equal(0, run.FramesLost));
        Assert.All([classic, speculative, shortCut], run => Assert.Equal(classic.Faults.Resolved, run.Faults.Resolved));
        Assert.All([classic, speculative, shortCut], run => Assert.InRange(run.Latency.Total, run.Latency.Max, run.WallNanoseconds));
        Assert.Equal(0, classic.Faults.Speculative);
        Assert.True(shortCut.Faults.Speculative < speculative.Faults.Speculative, "Spaces with one thread take the short-cut.");
        Assert.InRange(prepared.Operations, 1, long.MaxValue);
    }
}
