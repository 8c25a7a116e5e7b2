using Faultline.Diagnostics;

namespace Faultline.Tests.Stress;

/// <summary>Faults of several threads beside unmap, map, protect, fork, remap and DONTNEED on overlapping ranges; every page's contents are checked.</summary>
public class FaultStressTests
{
    private const int Writers = 3;
    private const int TablePages = 512;
    private const int Plenty = 8192;

    /// <summary>A frame for every page and table, a few for the magazines: they are seized all the time.</summary>
    private const int Scarce = 150;

    public static TheoryData<FaultDesign, bool, int, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<FaultDesign, bool, int, int, int>();
            foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
            {
                cases.Add(design, true, 1, Plenty, 0);
                cases.Add(design, false, 1, Scarce, 0);

                // Each page in tables of its own: they come and go with every call.
                cases.Add(design, true, TablePages, Plenty, 0);
                cases.Add(design, false, TablePages, Scarce, 0);

                // More accessors than a table's mask has bits.
                cases.Add(design, true, 1, Plenty, 130);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenFaultsRunBesideCallsOnTheSamePagesThenNoPageIsForeignStaleOrLost(
        FaultDesign design, bool downgrade, int stride, int frames, int idleAccessors)
    {
        int seed = Seed.Announce();
        using var guest = new Guest(design, frames, downgrade: downgrade);
        for (int i = 0; i < idleAccessors; i++) guest.NewCpu();
        var world = new StressWorld(guest, pages: 16, stride);
        world.MapAll();
        var crew = new Crew();
        StressWorld.Writer[] writers = [.. Enumerable.Range(0, Writers)
            .Select(i => new StressWorld.Writer(world, guest.NewCpu(), i, Seed.ForThread(seed, i)))];
        foreach (StressWorld.Writer writer in writers) crew.StartLoop(_ => writer.Step());
        for (int i = 0; i < 2; i++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            Random random = Seed.ForThread(seed, 10 + i);
            crew.StartLoop(_ => world.CallSomething(cpu, random));
        }

        Random forks = Seed.ForThread(seed, 20);
        crew.StartLoop(_ => world.ForkAndCheck(forks));
        crew.RunFor(StressTime.OfOneTest, () => writers.All(writer => writer.Accesses > 0) && HasRaced(guest) && WasSpeculative(guest, design));

        Assert.All(writers, writer => Assert.True(writer.Accesses > 0, "A writer never succeeded."));
        Assert.True(HasRaced(guest), "There was nothing to race with.");
        Assert.True(WasSpeculative(guest, design), "Nothing was speculative.");
    }

    private static bool HasRaced(Guest guest) => guest[FaultEvent.NewPage] > 0 && guest[FaultEvent.Copy] > 0;

    private static bool WasSpeculative(Guest guest, FaultDesign design) => design == FaultDesign.Classic || guest[FaultEvent.Speculative] > 0;
}
