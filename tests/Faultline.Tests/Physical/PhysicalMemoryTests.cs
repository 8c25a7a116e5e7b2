using Faultline.Physical;

namespace Faultline.Tests.Physical;

public class PhysicalMemoryTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2_000)]
    public void WhenMadeThenExactlyTheCapacityCanBeTaken(int capacity)
    {
        using var test = new TestMemory(capacity);
        Assert.Equal(capacity, test.Memory.FreeFrames);
        List<uint> taken = test.TakeAll();
        Assert.Equal(capacity, taken.Distinct().Count());
        Assert.DoesNotContain(PhysicalMemory.NoFrame, taken);
        Assert.DoesNotContain(PhysicalMemory.ZeroFrame, taken);
        Assert.Equal(0, test.Memory.FreeFrames);
        test.Free(taken);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1L << 32)]
    public void WhenTheCapacityIsOutOfRangeThenItIsRefused(long capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = capacity }));

    [Fact]
    public void WhenTheHostHasNotSoMuchThenTheMessageNamesTheCapacity()
    {
        const string Policy = "/proc/sys/vm/overcommit_memory";
        Assert.SkipUnless(File.Exists(Policy) && File.ReadAllText(Policy).Trim() != "1", "The host promises any amount of memory.");
        const long Frames = uint.MaxValue - 2;
        var exception = Assert.Throws<InsufficientMemoryException>(
            () => new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = Frames }));
        Assert.Contains($"{Frames} frames", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void FramesAreConsecutivePagesOfAnArenaAlignedToHugePages()
    {
        using var test = new TestMemory();
        PhysicalMemory memory = test.Memory;
        Assert.Equal((nuint)0, (nuint)memory.Arena % NativeBlock.HugePage);
        Assert.True(memory.Address(7) == memory.Arena + (7 * 4096));
        Assert.Equal(7u, memory.FrameOf(memory.Address(7) + 4095));
        fixed (FrameInfo* info = &memory.Info(7)) Assert.Equal((nuint)0, (nuint)info % FrameInfo.SizeInBytes);
    }

    [Fact]
    public void TheZeroFrameIsZeroAndReserved()
    {
        using var test = new TestMemory();
        Assert.False(test.Memory.Contents(PhysicalMemory.ZeroFrame).ContainsAnyExcept((byte)0));
        Assert.True(test.Memory.Info(PhysicalMemory.ZeroFrame).State.HasFlag(FrameState.Reserved));
        Assert.True(test.Memory.Info(PhysicalMemory.NoFrame).State.HasFlag(FrameState.Reserved));
    }

    [Fact]
    public void WhenPrefaultedThenItBehavesTheSame()
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 1000, Prefault = true });
        uint pfn = memory.Frames.TryAllocate();
        memory.Contents(pfn).Fill(1);
        memory.Frames.Free(pfn);
        Assert.Equal(1000, memory.FreeFrames);
    }

    [Fact]
    public void WhenTheLastReferenceIsReleasedThenTheFrameGoesHome()
    {
        using var test = new TestMemory();
        uint pfn = test.Frames.TryAllocate();
        test.Memory.Info(pfn).Refs = 1;
        test.Memory.AddReference(pfn);
        test.Memory.Release(pfn);
        Assert.Equal(test.Memory.CapacityInFrames - 1, test.Memory.FreeFrames);
        test.Memory.Release(pfn);
        Assert.Equal(test.Memory.CapacityInFrames, test.Memory.FreeFrames);
    }

    [Fact]
    public void WhenAFrameComesBackThenItsInfoIsCleared()
    {
        using var test = new TestMemory();
        uint pfn = test.Frames.TryAllocate();
        ref FrameInfo info = ref test.Memory.Info(pfn);
        info.State = FrameState.Anonymous | FrameState.Exclusive;
        info.OwnerId = 5;
        info.OwnerIndex = 6;
        info.Generation = 7;
        test.Frames.Free(pfn);
        Assert.Equal(default, info);
    }

    [Fact]
    public void WhenDisposedWithFramesInUseThenTheyStayValidUntilTheyAreHome()
    {
        var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 10 });
        uint pfn = memory.Frames.TryAllocate();
        memory.Dispose();
        memory.Contents(pfn).Fill(0x11);
        memory.Frames.Free(pfn);
        Assert.Equal(10, memory.FreeFrames);
        memory.Dispose();
        Assert.Equal(0, memory.FreeFrames);
        Assert.Equal(PhysicalMemory.NoFrame, memory.Frames.TryAllocate());
    }

    [Fact]
    public void WhenDisposedWithAMagazineThenTheArenaStays()
    {
        var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 10 });
        var section = new TestSection(memory);
        memory.Dispose();
        Assert.Equal(10, memory.FreeFrames);
        section.Dispose();
        memory.Dispose();
        Assert.Equal(0, memory.FreeFrames);
    }
}
