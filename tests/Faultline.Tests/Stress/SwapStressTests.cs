using Faultline.Diagnostics;
using Faultline.Swap;

namespace Faultline.Tests.Stress;

/// <summary>As <see cref="FaultStressTests"/>, with pages that leave and come back all the time; and families of processes whose shared pages do.</summary>
public class SwapStressTests
{
    private const int Writers = 3;
    private const int Frames = 400;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesLeaveAndComeBackBesideCallsThenNoPageIsForeignStaleOrLost(FaultDesign design)
    {
        int seed = Seed.Announce();
        using var device = new CompressedSwapDevice(4 * Frames);
        using var guest = new Guest(design, Frames, swap: device);
        var world = new StressWorld(guest, pages: 16, stride: 1);
        world.MapAll();
        var crew = new Crew();
        StressWorld.Writer[] writers = [.. Enumerable.Range(0, Writers)
            .Select(i => new StressWorld.Writer(world, guest.NewCpu(), i, Seed.ForThread(seed, i)))];
        foreach (StressWorld.Writer writer in writers) crew.StartLoop(_ => writer.Step());
        MemoryAccessor cpu = guest.NewCpu();
        Random calls = Seed.ForThread(seed, 10), outs = Seed.ForThread(seed, 11), forks = Seed.ForThread(seed, 12);
        crew.StartLoop(_ => CallSomething(world, cpu, calls));
        crew.StartLoop(_ => PageSomethingOut(guest, world, outs));
        crew.StartLoop(_ => ForkAndCheck(guest, world, forks));
        crew.RunFor(StressTime.OfOneTest, () => writers.All(writer => writer.Accesses > 0) && guest[FaultEvent.SwapIn] > 0);

        Assert.All(writers, writer => Assert.True(writer.Accesses > 0, "A writer never succeeded."));
        Assert.True(guest[FaultEvent.SwapIn] > 0, "Nothing came back.");
    }

    /// <summary>More pages than frames, each thread's with an exact model; forked children read what was there when they were made.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenMoreIsWrittenThanThereIsMemoryThenModelsAndChildrenAgree(FaultDesign design)
    {
        const int Threads = 3, PagesEach = 400;
        int seed = Seed.Announce();
        using var device = new CompressedSwapDevice(16 * Frames);
        using var guest = new Guest(design, Frames, swap: device);
        var crew = new Crew();
        for (int thread = 0; thread < Threads; thread++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            Random random = Seed.ForThread(seed, thread);
            int first = thread * 4096;
            ulong[] model = new ulong[PagesEach];
            guest.Map(first, PagesEach);
            crew.StartLoop(_ =>
            {
                for (int i = 0; i < 200; i++)
                {
                    int page = random.Next(PagesEach);
                    Assert.Equal(model[page], cpu.Read<ulong>(Guest.At(first + page)));
                    if (random.Next(2) == 0) cpu.Write(Guest.At(first + page), model[page] = (ulong)random.NextInt64());
                }

                int start = random.Next(PagesEach - 20);
                switch (random.Next(4))
                {
                    case 0:
                        guest.Advise(first + start, 20, Advice.DontNeed);
                        Array.Clear(model, start, 20);
                        break;
                    case 1:
                        guest.Advise(first + start, 20, Advice.PageOut);
                        break;
                    case 2:
                        CheckChild(guest, first, model, random);
                        break;
                    default:
                        guest.Protect(first + start, 20, Protection.Read);
                        guest.Protect(first + start, 20, Protection.ReadWrite);
                        break;
                }
            });
        }

        crew.RunFor(StressTime.OfOneTest);
        Assert.True(guest.Memory.ReclaimStatistics.SwappedOut > Frames, "Memory was never short.");
        Assert.Equal(0, guest[FaultEvent.Signal]);
    }

    private static void CheckChild(Guest guest, int first, ulong[] model, Random random)
    {
        if (guest.Space.TryFork(out AddressSpace? child) != Errno.None) return;
        using (child)
        using (MemoryAccessor cpu = child!.CreateAccessor())
        {
            for (int i = 0; i < 50; i++)
            {
                int page = random.Next(model.Length);
                ulong address = Guest.At(first + page);
                if (random.Next(4) == 0) child.Advise(address, Page.Size, Advice.PageOut);
                Assert.Equal(model[page], cpu.Read<ulong>(address));
                cpu.Write(address + 8, 1UL);
                Assert.Equal(model[page], cpu.Read<ulong>(address));
            }
        }
    }

    private static void CallSomething(StressWorld world, MemoryAccessor cpu, Random random)
    {
        int page = random.Next(world.Pages), count = 1 + random.Next(Math.Min(4, world.Pages - page));
        switch (random.Next(8))
        {
            case 0: world.MapAgain(page, count); break;
            case 1: world.Unmap(page, count); break;
            case 2: world.Drop(page, count); break;
            case 3: world.Protect(page, count, Protection.Read); break;
            case 4: world.MoveAway(cpu, page, keep: false); break;
            case 5: world.MoveAway(cpu, page, keep: true); break;
            default: world.Protect(page, count, Protection.ReadWrite); break;
        }

        if (random.Next(4) == 0) world.Protect(0, world.Pages, Protection.ReadWrite);
        if (random.Next(8) == 0) world.MapAll();
    }

    private static void PageSomethingOut(Guest guest, StressWorld world, Random random)
    {
        if (random.Next(3) == 0) guest.Memory.Reclaimer.Free(10);
        else guest.Space.TryAdvise(world.At(random.Next(world.Pages)), Page.Size, Advice.PageOut);
    }

    private static void ForkAndCheck(Guest guest, StressWorld world, Random random)
    {
        if (guest.Space.TryFork(out AddressSpace? child) != Errno.None) return;
        using AddressSpace space = child!;
        using MemoryAccessor cpu = space.CreateAccessor();
        int page = random.Next(world.Pages);
        if (!world.TryCheck(cpu, page, world.At(page))) return;
        byte[] before = new byte[Page.Size], after = new byte[Page.Size];
        cpu.CopyTo(world.At(page), before);
        space.TryAdvise(world.At(page), Page.Size, Advice.PageOut);
        cpu.CopyTo(world.At(page), after);
        Assert.True(before.AsSpan().SequenceEqual(after), $"Page {page} of a child changed.");
    }
}
