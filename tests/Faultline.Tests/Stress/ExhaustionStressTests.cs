namespace Faultline.Tests.Stress;

public class ExhaustionStressTests
{
    private const int Threads = 4;
    private const int Frames = 700;
    private const int PagesPerThread = 400;

    /// <summary>
    /// Threads that want more than there is, each in a range of its own with an exact model. Whoever gets no frame loses nothing that it had, and goes on
    /// when others have given some back.
    /// </summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenMoreIsWantedThanThereIsThenNobodyLosesAPage(FaultDesign design)
    {
        int seed = Seed.Announce();
        using var guest = new Guest(design, Frames);
        long refused = 0, refusedCalls = 0;
        var crew = new Crew();
        for (int thread = 0; thread < Threads; thread++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            Random random = Seed.ForThread(seed, thread);

            // Far enough apart that each has tables of its own, which come and go too.
            int first = thread * 4096;
            ulong[] model = new ulong[PagesPerThread];
            guest.Map(first, PagesPerThread);
            crew.StartLoop(round =>
            {
                if (!TryFill(cpu, random, first, model, round)) Interlocked.Increment(ref refused);
                if (random.Next(20) == 0 && !TryForkAndCheck(guest, first, model)) Interlocked.Increment(ref refusedCalls);
                Check(cpu, first, model, 1 + random.Next(20));
                GiveBack(guest, random, first, model);
            });
        }

        crew.RunFor(StressTime.OfOneTest);
        Assert.True(refused > 0, "Memory was never exhausted.");

        // Afterwards there is room for everything that fits.
        for (int thread = 0; thread < Threads; thread++) guest.Unmap(thread * 4096, PagesPerThread);
        guest.Map(0, Frames - 100);
        guest.Touch(0, Frames - 100);
    }

    /// <summary>Writes to a run of pages; false if memory was exhausted on the way.</summary>
    private static bool TryFill(MemoryAccessor cpu, Random random, int first, ulong[] model, int round)
    {
        int from = random.Next(PagesPerThread);
        for (int page = from; page < Math.Min(PagesPerThread, from + 250); page++)
        {
            ulong word = ((ulong)round << 32) | (uint)(first + page);
            try
            {
                cpu.Write(Guest.At(first + page), word);
                model[page] = word;
            }
            catch (MemoryFaultException exception)
            {
                Assert.Equal(FaultSignal.OutOfMemory, exception.Signal);
                return false;
            }
        }

        return true;
    }

    private static bool TryForkAndCheck(Guest guest, int first, ulong[] model)
    {
        Errno error = guest.Space.TryFork(out AddressSpace? child);
        if (error != Errno.None)
        {
            Assert.Equal(Errno.ENOMEM, error);
            return false;
        }

        using (child)
        using (MemoryAccessor cpu = child!.CreateAccessor())
        {
            Check(cpu, first, model, step: 7);
        }

        return true;
    }

    private static void Check(MemoryAccessor cpu, int first, ulong[] model, int step)
    {
        for (int page = 0; page < PagesPerThread; page += step)
        {
            try
            {
                Assert.Equal(model[page], cpu.Read<ulong>(Guest.At(first + page)));
            }
            catch (MemoryFaultException exception)
            {
                // No frame for a table: then nothing was ever written here.
                Assert.Equal((FaultSignal.OutOfMemory, 0UL), (exception.Signal, model[page]));
            }
        }
    }

    private static void GiveBack(Guest guest, Random random, int first, ulong[] model)
    {
        int from = random.Next(PagesPerThread), count = random.Next(PagesPerThread - from) + 1;
        if (random.Next(2) == 0) guest.Advise(first + from, count, Advice.DontNeed);
        else guest.Map(first + from, count);
        Array.Clear(model, from, count);
    }
}
