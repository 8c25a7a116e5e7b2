using CsCheck;
using Faultline.Physical;

namespace Faultline.Tests.Physical;

public class FrameMagazineTests
{
    [Fact]
    public void WhenEmptyThenNothingIsTakenAndTakingOutsideRefills()
    {
        using var test = new TestMemory();
        using var section = new TestSection(test.Memory);
        Assert.Equal(PhysicalMemory.NoFrame, section.TryTake());
        uint pfn = section.Magazine.TakeOutside();
        Assert.NotEqual(PhysicalMemory.NoFrame, pfn);
        Assert.Equal(FrameMagazine.Batch - 1, section.Magazine.Count);
        Assert.True(section.TryPut(pfn));
    }

    [Fact]
    public void WhenAFrameIsPutThenItIsTheNextOne()
    {
        using var test = new TestMemory();
        using var section = new TestSection(test.Memory);
        Assert.True(section.Magazine.Refill(4));
        uint first = section.TryTake(), second = section.TryTake();
        Assert.True(section.TryPut(first));
        Assert.Equal(first, section.TryTake());
        test.Free([first, second]);
    }

    [Fact]
    public void AfterARefillTakesAscendWhateverWasFreed() =>
        Gen.Shuffle(Enumerable.Range(0, 256).ToArray()).Sample(order =>
        {
            using var test = new TestMemory(256);
            List<uint> all = test.TakeAll();
            test.Free(order.Select(i => all[i]));
            using var section = new TestSection(test.Memory);
            Assert.True(section.Magazine.Refill(FrameMagazine.Batch));
            List<uint> run = [];
            while (section.TryTake() is var pfn and not 0) run.Add(pfn);
            Assert.Equal(FrameMagazine.Batch, run.Count);
            Assert.Equal(run.Order(), run);
            test.Free(run);
        });

    [Fact]
    public void WhenFramesWereNeverUsedThenSequentialFaultsGetConsecutiveFrames()
    {
        using var test = new TestMemory(10_000);
        using var section = new TestSection(test.Memory);
        List<uint> run = [];
        for (int i = 0; i < 5_000; i++) run.Add(section.Take());
        Assert.Equal(Enumerable.Range((int)run[0], run.Count).Select(pfn => (uint)pfn), run);
        test.Free(run);
    }

    [Fact]
    public void WhenFullThenPuttingFailsAndTheFrameStaysWithTheCaller()
    {
        using var test = new TestMemory(2 * FrameMagazine.Capacity);
        using var section = new TestSection(test.Memory);
        List<uint> all = test.TakeAll();
        int put = all.TakeWhile(section.TryPut).Count();
        Assert.Equal(FrameMagazine.Capacity, put);
        Assert.Equal(FrameMagazine.Capacity, section.Magazine.Count);
        test.Free(all.Skip(put));
    }

    [Fact]
    public void ARefillNeverOverfills()
    {
        using var test = new TestMemory(10_000);
        using var section = new TestSection(test.Memory);
        for (int i = 0; i < 4; i++) section.Magazine.Refill(100);
        Assert.Equal(FrameMagazine.Capacity, section.Magazine.Count);
        Assert.Equal(10_000, test.Memory.FreeFrames);
    }

    [Fact]
    public void WhenDisposedThenItsFramesGoHomeInTheirOrder()
    {
        using var test = new TestMemory(64);
        uint next;
        using (var section = new TestSection(test.Memory))
        {
            section.Magazine.Refill(8);
            next = section.TryTake();
            Assert.True(section.TryPut(next));
        }

        Assert.Equal(next, test.Frames.TryAllocate());
        test.Frames.Free(next);
    }

    [Fact]
    public void WhenMemoryRunsOutThenIdleMagazinesAreEmptied()
    {
        using var test = new TestMemory(2_000);
        TestSection[] sections = [.. Enumerable.Range(0, 4).Select(_ => new TestSection(test.Memory))];
        foreach (TestSection section in sections) Assert.True(section.Magazine.Refill(100));
        Assert.Equal(2_000, test.Memory.FreeFrames);
        List<uint> all = test.TakeAll();
        Assert.Equal(2_000, all.Count);
        Assert.Equal(4, test.Frames.Seizures);
        Assert.All(sections, section => Assert.Equal(PhysicalMemory.NoFrame, section.Magazine.TakeOutside()));
        Assert.All(sections, section => Assert.False(section.Magazine.Refill(1)));
        test.Free(all);
        foreach (TestSection section in sections) section.Dispose();
    }

    [Fact]
    public void WhenTheOwnerStaysInsideItsSectionThenItsFramesAreNotSeized()
    {
        using var test = new TestMemory(200);
        using var section = new TestSection(test.Memory);
        section.Magazine.Refill(50);
        int held = section.Magazine.Count;
        section.Enter();
        List<uint> rest = test.TakeAll();
        Assert.Equal(200 - held, rest.Count);
        uint pfn = section.Magazine.TryTake();
        Assert.NotEqual(PhysicalMemory.NoFrame, pfn);
        section.Leave();
        rest.AddRange(test.TakeAll());
        Assert.Equal(199, rest.Count);
        test.Free([.. rest, pfn]);
    }

    [Fact]
    public void WhenLittleIsLeftThenARefillTakesOnlyAShare()
    {
        using var test = new TestMemory(80);
        using var section = new TestSection(test.Memory);
        using var other = new TestSection(test.Memory);
        section.Magazine.Refill(FrameMagazine.Batch);
        Assert.Equal(20, section.Magazine.Count);
    }

    [Fact]
    public void WhenFilledThenTakingAndPuttingAllocatesNothing()
    {
        using var test = new TestMemory(poison: false);
        using var section = new TestSection(test.Memory);
        uint pfn = section.Take();
        section.TryPut(pfn);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            section.TryPut(section.Take());
            if (i % 100 == 0) section.Magazine.Refill(8);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>A set of what is out, and the number of frames in the arena, for two magazines and the pool.</summary>
    [Fact]
    public void UsingMagazinesInAnyOrderAgreesWithASet() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 1], Gen.Int[1, 100]).Array[0, 100].Sample(operations =>
        {
            const int Capacity = 150;
            using var test = new TestMemory(Capacity);
            using var first = new TestSection(test.Memory);
            using var second = new TestSection(test.Memory);
            List<uint> model = [];
            foreach (var (operation, which, count) in operations)
            {
                TestSection section = which == 0 ? first : second;
                for (int i = 0; i < count && operation < 2; i++)
                {
                    uint pfn = operation == 0 ? section.Take() : test.Frames.TryAllocate();
                    Assert.Equal(model.Count == Capacity, pfn == PhysicalMemory.NoFrame);
                    if (pfn == PhysicalMemory.NoFrame) break;
                    Assert.DoesNotContain(pfn, model);
                    model.Add(pfn);
                }

                for (int i = 0; i < count && model.Count > 0 && operation is (2 or 3); i++)
                {
                    uint pfn = model[^1];
                    if (operation == 3 || !section.TryPut(pfn)) test.Frames.Free(pfn);
                    model.RemoveAt(model.Count - 1);
                }

                if (operation == 4) Assert.Equal(model.Count < Capacity || section.Magazine.Count > 0, section.Magazine.Refill(count));
                Assert.Equal(Capacity - model.Count, test.Memory.FreeFrames);
            }

            test.Free(model);
        });
}
