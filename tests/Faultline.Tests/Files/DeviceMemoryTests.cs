using Faultline.Files;
using Faultline.Tests.Physical;

namespace Faultline.Tests.Files;

public class DeviceMemoryTests
{
    [Fact]
    public void WhenBytesAreCopiedAcrossFramesThenTheyComeBackAndTheRestIsZero()
    {
        using var test = new TestMemory();
        using var device = new DeviceMemory(test.Memory, "/dev/fb0", new FileIdentity(0, 6, 1), frames: 3);
        byte[] sent = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i + 1))], received = new byte[3 * Page.Size];
        device.CopyFrom(sent, 100);
        device.CopyTo(0, received);
        Assert.Equal(sent, received[100..5100]);
        Assert.All(received[..100].Concat(received[5100..]), b => Assert.Equal(0, b));
    }

    [Theory]
    [InlineData(2 * Page.Size, 1)]
    [InlineData((2 * Page.Size) - 3, 4)]
    [InlineData(ulong.MaxValue, 0)]
    public void WhenTheRangeLeavesTheDevicesFramesThenItIsRefused(ulong offset, int length)
    {
        using var test = new TestMemory();
        using var device = new DeviceMemory(test.Memory, "/dev/fb0", new FileIdentity(0, 6, 1), frames: 2, ordinaryPages: 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => device.CopyTo(offset, new byte[length]));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.CopyFrom(new byte[length], offset));
    }

    [Fact]
    public void WhenTheDeviceIsGoneThenItsFramesAreHome()
    {
        using var test = new TestMemory();
        var device = new DeviceMemory(test.Memory, "/dev/fb0", new FileIdentity(0, 6, 1), frames: 3);
        Assert.Equal(test.Memory.CapacityInFrames - 3, test.Memory.FreeFrames);
        device.Dispose();
        Assert.Equal(test.Memory.CapacityInFrames, test.Memory.FreeFrames);
        Assert.Throws<ObjectDisposedException>(() => device.CopyTo(0, new byte[1]));
    }

    [Fact]
    public void WhenTheArenaHasNoRunThenTheReasonIsNamed()
    {
        using var test = new TestMemory(4);
        Assert.Contains("5 adjacent frames",
            Assert.Throws<InsufficientMemoryException>(() => new DeviceMemory(test.Memory, "/dev/fb0", default, frames: 5)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new DeviceMemory(test.Memory, "/dev/fb0", default, frames: 0));
        using var all = new DeviceMemory(test.Memory, "/dev/fb0", default, frames: 4);
        Assert.Equal(0, test.Memory.FreeFrames);
    }
}
