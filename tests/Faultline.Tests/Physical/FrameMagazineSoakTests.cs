using Faultline.Physical;

namespace Faultline.Tests.Physical;

public class FrameMagazineSoakTests
{
    private const int Frames = 2_000;
    private const int Threads = 4;

    /// <summary>
    /// Four accessors take more than the arena holds, so that they seize from each other all the time; each writes its mark into its frames
    /// and finds it there when it frees them. Poison finds frames handed out twice and written after they were freed.
    /// </summary>
    [Fact]
    public void WhenFourAccessorsFightForFramesThenEachFrameHasOneHolder()
    {
        using var test = new TestMemory(Frames);
        long exhausted = 0, taken = 0;
        Run(test.Memory, (section, thread) =>
        {
            var random = new Random(thread);
            Stack<uint> held = [];
            for (int round = 0; round < 400; round++)
            {
                for (int wanted = random.Next(Frames / 2); wanted > 0; wanted--)
                {
                    uint pfn = section.Take();
                    if (pfn == PhysicalMemory.NoFrame)
                    {
                        Interlocked.Increment(ref exhausted);
                        break;
                    }

                    Interlocked.Increment(ref taken);
                    BitConverter.TryWriteBytes(test.Memory.Contents(pfn), Mark(thread, pfn));
                    held.Push(pfn);
                }

                for (int kept = random.Next(held.Count + 1); held.Count > kept;)
                {
                    uint pfn = held.Pop();
                    Assert.Equal(Mark(thread, pfn), BitConverter.ToInt64(test.Memory.Contents(pfn)));
                    if (!section.TryPut(pfn)) test.Frames.Free(pfn);
                }
            }

            foreach (uint pfn in held) test.Frames.Free(pfn);
        });

        Assert.True(test.Frames.Seizures > 0, "Nothing was seized.");
        Assert.True(exhausted > 0 && taken > Frames, "The arena was never exhausted.");
    }

    /// <summary>No frame may hide where a thread in need does not look, or memory would be exhausted with frames left.</summary>
    [Fact]
    public void WhenFourAccessorsTakeAllThenNoneGivesUpBeforeTheLastFrame()
    {
        for (int round = 0; round < 50; round++)
        {
            using var test = new TestMemory(Frames, poison: false);
            long taken = 0;
            using var everyoneGaveUp = new Barrier(Threads);
            Run(test.Memory, (section, _) =>
            {
                List<uint> held = [];
                while (section.Take() is var pfn and not 0) held.Add(pfn);
                Interlocked.Add(ref taken, held.Count);
                everyoneGaveUp.SignalAndWait();
                foreach (uint pfn in held) test.Frames.Free(pfn);
            });
            Assert.Equal(Frames, taken);
        }
    }

    private static long Mark(int thread, uint pfn) => ((long)(thread + 1) << 32) | pfn;

    private static void Run(PhysicalMemory memory, Action<TestSection, int> body)
    {
        List<Exception> failures = [];
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(index => new Thread(() =>
        {
            using var section = new TestSection(memory);
            try
            {
                body(section, index);
            }
            catch (Exception exception)
            {
                lock (failures) failures.Add(exception);
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.Empty(failures);
    }
}
