using Faultline.Diagnostics;
using Faultline.Faults;

namespace Faultline.Tests.Diagnostics;

public class FaultCountersTests
{
    [Fact]
    public void WhenSomethingIsCountedThenOnlyThatCountRises()
    {
        foreach (FaultEvent what in Enum.GetValues<FaultEvent>())
        {
            var counters = new FaultCounters();
            counters.Count(what);
            Assert.All(Enum.GetValues<FaultEvent>(), other => Assert.Equal(other == what ? 1 : 0, counters[other]));
            Assert.All(Enum.GetValues<SpeculationAbort>(), other => Assert.Equal(0, counters[other]));
        }

        foreach (SpeculationAbort reason in Enum.GetValues<SpeculationAbort>())
        {
            var counters = new FaultCounters();
            counters.Count(reason);
            Assert.All(Enum.GetValues<SpeculationAbort>(), other => Assert.Equal(other == reason ? 1 : 0, counters[other]));
            Assert.All(Enum.GetValues<FaultEvent>(), other => Assert.Equal(0, counters[other]));
        }
    }

    [Fact]
    public void WhenCountersAreAddedThenTheSumHasAllAndTheAddendIsUnchanged()
    {
        var one = new FaultCounters();
        var two = new FaultCounters();
        foreach (FaultEvent what in Enum.GetValues<FaultEvent>())
        {
            for (int i = 0; i <= (int)what; i++) one.Count(what);
            two.Count(what);
        }

        two.Count(SpeculationAbort.NoFrame);
        one.Add(two);
        Assert.All(Enum.GetValues<FaultEvent>(), what => Assert.Equal(((int)what + 2, 1), (one[what], two[what])));
        Assert.Equal(1, one[SpeculationAbort.NoFrame]);
    }
}
