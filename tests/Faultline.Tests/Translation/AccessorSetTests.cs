using Faultline.Diagnostics;

namespace Faultline.Tests.Translation;

public class AccessorSetTests
{
    [Fact]
    public void WhenAccessorsComeAndGoThenSlotsAreUniqueAndUsedAgain()
    {
        using var guest = new Guest();
        MemoryAccessor[] cpus = [.. Enumerable.Range(0, 10).Select(_ => guest.NewCpu())];
        Assert.Equal(11, guest.Space.Accessors.Count);
        Assert.Equal(Enumerable.Range(1, 10), cpus.Select(cpu => cpu.Slot));
        cpus[3].Dispose();
        cpus[7].Dispose();
        Assert.Equal(9, guest.Space.Accessors.Count);
        Assert.Equal(cpus[3].Slot, guest.NewCpu().Slot);
        Assert.Equal(cpus[7].Slot, guest.NewCpu().Slot);
        Assert.Equal(11, guest.NewCpu().Slot);
        Assert.All(guest.Space.Accessors.Snapshot.Index(), entry => Assert.Equal(entry.Index, entry.Item!.Slot));
    }

    [Fact]
    public void WhenASnapshotWasTakenThenLaterChangesLeaveItAlone()
    {
        using var guest = new Guest();
        MemoryAccessor cpu = guest.NewCpu();
        MemoryAccessor?[] before = guest.Space.Accessors.Snapshot;
        cpu.Dispose();
        Assert.Same(cpu, before[cpu.Slot]);
        Assert.Null(guest.Space.Accessors.Snapshot[cpu.Slot]);
    }

    [Fact]
    public void WhenAccessorsAreGoneThenTheSumKeepsTheirCounts()
    {
        using var guest = new Guest();
        guest.Map(0, 5);
        for (int i = 0; i < 5; i++)
        {
            using MemoryAccessor cpu = guest.Space.CreateAccessor();
            cpu.Write(Guest.At(i), 1);
        }

        Assert.Equal(5, guest.Space.Accessors.Sum()[FaultEvent.NewPage]);
        Assert.Equal(5, guest.Space.Accessors.Sum()[FaultEvent.NewPage]);
    }

    /// <summary>Shooters keep looking at accessors that are disposed of beside them.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAccessorsAreDisposedOfWhileOthersShootDownThenNothingBreaks(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 4);
        var crew = new Crew();
        for (int thread = 0; thread < 2; thread++)
        {
            crew.StartLoop(_ =>
            {
                using MemoryAccessor cpu = guest.Space.CreateAccessor();
                for (int page = 0; page < 4; page++) cpu.Write(Guest.At(page), page);
            });
        }

        crew.StartLoop(_ => guest.Advise(0, 4, Advice.DontNeed));
        crew.StartLoop(_ => guest.Fork().Dispose());
        crew.RunFor(TimeSpan.FromSeconds(1));
    }
}
