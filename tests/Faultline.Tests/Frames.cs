using Faultline.Physical;

namespace Faultline.Tests;

/// <summary>Checks about frames.</summary>
internal static class Frames
{
    /// <summary>Every frame is back in the allocator: no page, table or file kept one.</summary>
    public static void AssertAllHome(PhysicalMemory memory) =>
        Assert.Equal(memory.CapacityInFrames - memory.PoisonedFrames, memory.FreeFrames);
}
