using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Tests.Stress;

namespace Faultline.Tests.Calls;

/// <summary>The run-time switch.</summary>
public class SpeculationTests
{
    [Fact]
    public void WhenSpeculationIsSwitchedThenTheNextFaultsGoTheOtherWay()
    {
        using var guest = new Guest();
        guest.Map(0, 30);
        Assert.True(guest.Space.IsSpeculationEnabled);
        guest.Touch(0, 10);
        guest.Space.IsSpeculationEnabled = false;
        guest.Touch(10, 10);
        Assert.Equal((10, 10, 10, 10), (guest[FaultEvent.Speculative], guest[FaultEvent.Classic], guest[FaultEvent.Attempt], guest[SpeculationAbort.SwitchedOff]));
        Assert.False(guest.Fork().IsSpeculationEnabled);
        guest.Space.IsSpeculationEnabled = true;
        guest.Touch(20, 10);
        Assert.Equal((20, 10, 20, 10), (guest[FaultEvent.Speculative], guest[FaultEvent.Classic], guest[FaultEvent.Attempt], guest[SpeculationAbort.SwitchedOff]));
    }

    [Fact]
    public void WhenTheDesignIsClassicThenTheSwitchIsOffAndWithoutEffect()
    {
        using var guest = new Guest(FaultDesign.Classic);
        Assert.False(guest.Space.IsSpeculationEnabled);
        guest.Space.IsSpeculationEnabled = true;
        guest.Map(0, 1);
        guest.Touch(0, 1);
        Assert.Equal((0, 1, 0), (guest[FaultEvent.Attempt], guest[FaultEvent.Classic], guest[SpeculationAbort.SwitchedOff]));
    }

    [Fact]
    public void WhenItIsSwitchedBesideFaultsAndCallsThenNoPageIsForeignStaleOrLost()
    {
        using var guest = new Guest();
        var world = new StressWorld(guest, pages: 16, stride: 1);
        world.MapAll();
        var crew = new Crew();
        for (int i = 0; i < 2; i++)
        {
            var writer = new StressWorld.Writer(world, guest.NewCpu(), i, new Random(i));
            crew.StartLoop(_ => writer.Step());
        }

        crew.StartLoop(round => guest.Space.IsSpeculationEnabled = (round & 1) == 0);
        crew.StartLoop(round => world.MapAgain(round % 16, 1));
        crew.RunFor(StressTime.OfOneTest);
        Assert.True(guest[FaultEvent.Speculative] > 0 && guest[SpeculationAbort.SwitchedOff] > 0, "One of the two ways was never taken.");
    }
}
