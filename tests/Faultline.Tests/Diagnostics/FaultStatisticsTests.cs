using Faultline.Diagnostics;

namespace Faultline.Tests.Diagnostics;

public class FaultStatisticsTests
{
    [Fact]
    public void WhenFaultsWereResolvedBothWaysThenTheShareIsTheSpeculativePartOfThem()
    {
        var counters = new FaultCounters();
        Assert.True(double.IsNaN(new FaultStatistics(counters).SpeculativeShare));
        for (int i = 0; i < 3; i++) counters.Count(FaultEvent.Speculative);
        counters.Count(FaultEvent.Classic);
        counters.Count(FaultEvent.Signal);
        var statistics = new FaultStatistics(counters);
        Assert.Equal((4, 0.75), (statistics.Resolved, statistics.SpeculativeShare));
    }

    [Fact]
    public void WhenFaultsGoOnThenASnapshotStandsStill()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(0, 1);
        FaultStatistics before = guest.Space.FaultStatistics;
        guest.Touch(1, 1);
        Assert.Equal((1, 2), (before[FaultEvent.NewPage], guest[FaultEvent.NewPage]));
    }
}
