using Faultline.Swap;

namespace Faultline.Tests.Swap;

/// <summary>What every device must do, and what each does in its own way.</summary>
public class SwapDeviceTests
{
    private const int Slots = 64;

    public static TheoryData<string> Kinds => ["compressed", "file"];

    /// <summary>Random writes, reads and discards beside a model; contents from zeroes to noise.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void WhenSlotsAreUsedAtRandomThenEachGivesBackWhatItGot(string kind)
    {
        Random random = Seed.ForThread(Seed.Announce(), 0);
        using SwapDevice device = Create(kind);
        byte[]?[] model = new byte[]?[Slots];
        byte[] buffer = new byte[SwapDevice.PageSize];
        for (int step = 0; step < 3000; step++)
        {
            int slot = random.Next(Slots);
            if (model[slot] is { } kept)
            {
                random.NextBytes(buffer);
                device.Read(slot, buffer);
                Assert.True(buffer.AsSpan().SequenceEqual(kept), $"Slot {slot} at step {step}.");
                if (random.Next(2) == 0) continue;
                device.Discard(slot);
                model[slot] = null;
            }
            else
            {
                model[slot] = PageOf(random);
                Assert.True(device.TryWrite(slot, model[slot]));
            }
        }
    }

    [Fact]
    public void WhenCompressedMemoryHasALimitThenItRefusesPagesUntilOthersAreDiscarded()
    {
        using var device = new CompressedSwapDevice(Slots, limitInBytes: 64 << 10);
        byte[] noise = new byte[SwapDevice.PageSize];
        new Random(1).NextBytes(noise);
        for (int slot = 0; slot < 16; slot++) Assert.True(((SwapDevice)device).TryWrite(slot, noise));
        Assert.False(((SwapDevice)device).TryWrite(16, noise));
        Assert.True(((SwapDevice)device).TryWrite(17, new byte[SwapDevice.PageSize]));
        ((SwapDevice)device).Discard(3);
        ((SwapDevice)device).Discard(16);
        Assert.True(((SwapDevice)device).TryWrite(16, noise));
        Assert.Equal(64 << 10, device.BytesInUse);
    }

    [Fact]
    public void WhenAFileIsNotNeededAnyMoreThenItIsGone()
    {
        string path = Path.GetTempFileName();
        using (SwapDevice device = new FileSwapDevice(path, Slots)) Assert.True(device.TryWrite(Slots - 1, new byte[SwapDevice.PageSize]));
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 28)]
    public void WhenTheCapacityIsImpossibleThenItIsRefused(int capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FileSwapDevice("never made", capacity));

    private static SwapDevice Create(string kind) =>
        kind == "file" ? new FileSwapDevice(Path.GetTempFileName(), Slots) : new CompressedSwapDevice(Slots);

    private static byte[] PageOf(Random random)
    {
        byte[] page = new byte[SwapDevice.PageSize];

        // The rest stays zero: from a page of zeroes to one that does not shrink.
        random.NextBytes(page.AsSpan(0, new[] { 0, 100, 2000, 4000, SwapDevice.PageSize }[random.Next(5)]));
        return page;
    }
}
