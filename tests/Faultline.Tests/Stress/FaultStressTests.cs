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
            crew.StartLoop(_ => CallSomething(world, cpu, random));
        }

        Random forks = Seed.ForThread(seed, 20);
        crew.StartLoop(_ => ForkAndCheck(guest, world, forks));
        crew.RunFor(StressTime.OfOneTest);

        Assert.All(writers, writer => Assert.True(writer.Accesses > 0, "A writer never succeeded."));
        Assert.True(guest[FaultEvent.NewPage] > 0 && guest[FaultEvent.Copy] > 0, "There was nothing to race with.");
        if (design != FaultDesign.Classic) Assert.True(guest[FaultEvent.Speculative] > 0, "Nothing was speculative.");
    }

    private static void CallSomething(StressWorld world, MemoryAccessor cpu, Random random)
    {
        int page = random.Next(world.Pages), count = 1 + random.Next(Math.Min(4, world.Pages - page));
        switch (random.Next(10))
        {
            case 0 or 1: world.MapAgain(page, count); break;
            case 2: world.Unmap(page, count); break;
            case 3: world.Drop(page, count); break;
            case 4: world.Protect(page, count, Protection.Read); break;
            case 5: world.Protect(page, count, Protection.None); break;
            case 6: world.MoveAway(cpu, page, keep: false); break;
            case 7: world.MoveAway(cpu, page, keep: true); break;
            default: world.Protect(page, count, Protection.ReadWrite); break;
        }

        if (random.Next(4) == 0) world.Protect(0, world.Pages, Protection.ReadWrite);
        if (random.Next(8) == 0) world.MapAll();
    }

    /// <summary>What the child sees stands still, whatever the parent writes, and what the child writes stays with it (the writers look for it).</summary>
    private static void ForkAndCheck(Guest guest, StressWorld world, Random random)
    {
        if (guest.Space.TryFork(out AddressSpace? child) != Errno.None) return;
        using AddressSpace space = child!;
        using MemoryAccessor cpu = space.CreateAccessor();
        int first = random.Next(world.Pages);
        for (int page = first; page < Math.Min(first + 4, world.Pages); page++)
        {
            ulong address = world.At(page);
            if (!world.TryCheck(cpu, page, address)) continue;
            byte[] before = new byte[Page.Size], after = new byte[Page.Size];
            cpu.CopyTo(address, before);
            Thread.SpinWait(random.Next(500));
            cpu.CopyTo(address, after);
            Assert.True(before.AsSpan().SequenceEqual(after), $"Page {page} of a child changed.");
            try
            {
                cpu.Write(address + StressWorld.Writer.Offset(random.Next(Writers)), 0xbadUL);
            }
            catch (MemoryFaultException)
            {
            }
        }
    }
}
