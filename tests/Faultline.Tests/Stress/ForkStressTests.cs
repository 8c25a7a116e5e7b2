using Faultline.Diagnostics;

namespace Faultline.Tests.Stress;

public class ForkStressTests
{
    private const int Pages = 12;
    private const int Threads = 4;

    /// <summary>
    /// Families of processes, each thread with its own, all descending from one ancestor whose frames they share: what one thread's processes do to the counts and
    /// the exclusiveness of a frame, another's find. Every process has an array as its model.
    /// </summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenManyProcessesForkAndWriteAtTheSameTimeThenEachSeesItsOwnMemory(FaultDesign design)
    {
        int seed = Seed.Announce();
        using var guest = new Guest(design, frames: 8192);
        guest.Map(0, Pages);
        guest.Touch(0, Pages);
        var crew = new Crew();
        for (int thread = 0; thread < Threads; thread++)
        {
            Random random = Seed.ForThread(seed, thread);
            crew.StartLoop(_ => LiveOneLife(guest, random));
        }

        crew.RunFor(StressTime.OfOneTest);

        // All descendants are gone: the ancestor writes in place, nothing is copied.
        long copies = guest[FaultEvent.Copy];
        for (int page = 0; page < Pages; page++)
        {
            Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
            guest.Cpu.Write(Guest.At(page), 0UL);
        }

        Assert.Equal(copies, guest[FaultEvent.Copy]);
        Assert.Equal(Pages, guest[FaultEvent.Reuse]);
    }

    private static void LiveOneLife(Guest guest, Random random)
    {
        List<Process> family = [new Process(guest.Space.Fork(), [.. Enumerable.Range(0, Pages).Select(Guest.WordOf)])];
        try
        {
            for (int step = 0; step < 60 && family.Count > 0; step++)
            {
                Process process = family[random.Next(family.Count)];
                switch (random.Next(8))
                {
                    case 0 when family.Count < 5:
                        family.Add(process.Fork());
                        break;
                    case 1 when family.Count > 1:
                        family.Remove(process);
                        process.Dispose();
                        break;
                    case 2:
                        process.Drop(random.Next(Pages));
                        break;
                    case 3:
                        process.Check();
                        break;
                    default:
                        process.Write(random.Next(Pages), (ulong)random.NextInt64());
                        break;
                }
            }

            foreach (Process process in family) process.Check();
        }
        finally
        {
            foreach (Process process in family) process.Dispose();
        }
    }

    private sealed class Process(AddressSpace space, ulong[] model) : IDisposable
    {
        private readonly MemoryAccessor _cpu = space.CreateAccessor();

        public Process Fork() => new(space.Fork(), [.. model]);

        public void Write(int page, ulong word)
        {
            _cpu.Write(Guest.At(page), word);
            model[page] = word;
        }

        public void Drop(int page)
        {
            space.Advise(Guest.At(page), Page.Size, Advice.DontNeed);
            model[page] = 0;
        }

        public void Check()
        {
            for (int page = 0; page < Pages; page++) Assert.Equal(model[page], _cpu.Read<ulong>(Guest.At(page)));
        }

        public void Dispose()
        {
            _cpu.Dispose();
            space.Dispose();
        }
    }

    /// <summary>
    /// Race 21 of the catalogue: one thread forks, two others hand a word to and fro. If a write went through a stale translation to the page that the child has
    /// kept, the other thread would wait for it for ever, or see an older number.
    /// </summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenThreadsHandAWordToEachOtherBesideForksThenNoHandOverIsLost(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        guest.Cpu.Write(Guest.At(0), 0L);
        var crew = new Crew();
        for (int side = 0; side < 2; side++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            long mine = side;
            crew.Start(() =>
            {
                for (long number = mine; !crew.IsStopped; number += 2)
                {
                    long seen;
                    while ((seen = cpu.Read<long>(Guest.At(0))) != number)
                    {
                        Assert.True(seen == number - 1, $"The word went from {number - 1} to {seen}.");
                        if (crew.IsStopped) return;
                    }

                    cpu.Write(Guest.At(0), number + 1);
                }
            });
        }

        long last = -1;
        crew.StartLoop(_ =>
        {
            using AddressSpace child = guest.Space.Fork();
            using MemoryAccessor cpu = child.CreateAccessor();
            long seen = cpu.Read<long>(Guest.At(0));
            Assert.True(seen >= last, $"A later child saw {seen} after {last}.");
            last = seen;
            Thread.SpinWait(200);
            Assert.Equal(seen, cpu.Read<long>(Guest.At(0)));
        });
        crew.RunFor(StressTime.OfOneTest);
        Assert.True(guest.Cpu.Read<long>(Guest.At(0)) > 2, "The threads never handed over.");
    }
}
