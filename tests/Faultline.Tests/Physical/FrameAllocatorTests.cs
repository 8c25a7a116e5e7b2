using CsCheck;
using Faultline.Physical;

namespace Faultline.Tests.Physical;

public class FrameAllocatorTests
{
    [Fact]
    public void WhenFramesWereNeverUsedThenTheyComeInOrder()
    {
        using var test = new TestMemory(100);
        List<uint> taken = test.TakeAll();
        Assert.Equal(Enumerable.Range((int)PhysicalMemory.FirstFrame, 100).Select(pfn => (uint)pfn), taken);
        test.Free(taken);
    }

    [Fact]
    public void WhenAFrameIsFreedThenItIsTheNextOne()
    {
        using var test = new TestMemory();
        uint first = test.Frames.TryAllocate(), second = test.Frames.TryAllocate();
        test.Frames.Free(first);
        Assert.Equal(first, test.Frames.TryAllocate());
        test.Free([first, second]);
    }

    [Fact]
    public void WhenABatchIsFreedThenItComesBackInItsOrder()
    {
        using var test = new TestMemory();
        List<uint> all = test.TakeAll();
        uint[] batch = [all[9], all[3], all[200], all[4]];
        test.Frames.Free(batch);
        Assert.Equal(batch, test.TakeAll());
        test.Free(all);
    }

    [Fact]
    public void BatchesAreAscendingWhateverWasFreed() =>
        Gen.Select(Gen.Shuffle(Enumerable.Range(0, 256).ToArray()), Gen.Int[1, 64]).Sample((order, size) =>
        {
            using var test = new TestMemory(256);
            List<uint> all = test.TakeAll();
            test.Free(order.Select(i => all[i]));
            Span<uint> batch = stackalloc uint[64];
            for (int left = 256; left > 0;)
            {
                int taken = test.Frames.TryAllocate(batch[..size]);
                Assert.Equal(Math.Min(size, left), taken);
                for (int i = 1; i < taken; i++) Assert.True(batch[i - 1] < batch[i], "The batch does not ascend.");
                left -= taken;
            }

            test.Free(all);
        });

    [Fact]
    public void WhenMemoryIsExhaustedThenNothingIsHandedOutUntilAFrameIsFreed()
    {
        using var test = new TestMemory(10);
        List<uint> all = test.TakeAll();
        Assert.Equal(PhysicalMemory.NoFrame, test.Frames.TryAllocate());
        Assert.Equal(0, test.Frames.TryAllocate(new uint[4]));
        test.Frames.Free(all[3]);
        Assert.Equal(all[3], test.Frames.TryAllocate());
        test.Free(all);
    }

    [Fact]
    public void WhenLessIsLeftThanWantedThenTheRestIsHandedOut()
    {
        using var test = new TestMemory(10);
        uint[] batch = new uint[16];
        Assert.Equal(10, test.Frames.TryAllocate(batch));
        test.Frames.Free(batch.AsSpan(0, 10));
    }

    [Fact]
    public void WhenThePoolIsEmptyThenReservesAreAsked()
    {
        using var test = new TestMemory(10);
        var reserve = new Reserve(test.Frames, test.TakeAll());
        test.Frames.Register(reserve);
        List<uint> taken = test.TakeAll();
        Assert.Equal(10, taken.Count);
        Assert.Equal(2, reserve.Calls);
        test.Frames.Unregister(reserve);
        Assert.Equal(PhysicalMemory.NoFrame, test.Frames.TryAllocate());
        Assert.Equal(2, reserve.Calls);
        test.Free(taken);
    }

    /// <summary>A set of what is out says all there is to say about an allocator, apart from the order.</summary>
    [Fact]
    public void TakingAndFreeingInAnyOrderAgreesWithASet() =>
        Gen.Select(Gen.Bool, Gen.Int[0, 20], Gen.Int[0, int.MaxValue]).Array[0, 60].Sample(operations =>
        {
            using var test = new TestMemory(50);
            HashSet<uint> model = [];
            foreach (var (take, count, seed) in operations)
            {
                if (take)
                {
                    uint[] batch = new uint[count];
                    int taken = test.Frames.TryAllocate(batch);
                    Assert.Equal(Math.Min(count, 50 - model.Count), taken);
                    foreach (uint pfn in batch[..taken]) Assert.True(model.Add(pfn), $"Frame {pfn} was handed out twice.");
                }
                else
                {
                    uint[] batch = [.. model.OrderBy(pfn => HashCode.Combine(pfn, seed)).Take(count)];
                    test.Frames.Free(batch);
                    model.ExceptWith(batch);
                }

                Assert.Equal(50 - model.Count, test.Memory.FreeFrames);
            }

            test.Free(model);
        });

    private sealed class Reserve(FrameAllocator frames, List<uint> held) : IFrameReserve
    {
        public int Calls { get; private set; }

        public int Release()
        {
            Calls++;
            if (held.Count == 0) return 0;
            uint[] freed = [.. held];
            held.Clear();
            frames.Free(freed);
            return freed.Length;
        }
    }
}
