using Faultline.Physical;

namespace Faultline.Tests.Physical;

/// <summary>An arena for one test, which poisons freed frames also in release builds. Its end checks that all frames came home.</summary>
internal sealed class TestMemory : IDisposable
{
    public TestMemory(long frames = 256, bool poison = true) =>
        Memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = frames, PoisonFreedFrames = poison });

    public PhysicalMemory Memory { get; }

    public FrameAllocator Frames => Memory.Frames;

    /// <summary>Takes all that is left, one by one.</summary>
    public List<uint> TakeAll()
    {
        List<uint> taken = [];
        while (Frames.TryAllocate() is var pfn and not 0) taken.Add(pfn);
        return taken;
    }

    public void Free(IEnumerable<uint> frames)
    {
        foreach (uint pfn in frames) Frames.Free(pfn);
    }

    public void Dispose()
    {
        Assert.Equal(Memory.CapacityInFrames, Memory.FreeFrames);
        Memory.Dispose();
    }
}
