using Faultline.Physical;
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
        string path = FreshPath();
        using (SwapDevice device = new FileSwapDevice(path, Slots)) Assert.True(device.TryWrite(Slots - 1, new byte[SwapDevice.PageSize]));
        Assert.False(File.Exists(path));
    }

    /// <summary>A disk, a terminal, somebody's file: neither written nor deleted.</summary>
    [Theory]
    [InlineData("file")]
    [InlineData("empty file")]
    [InlineData("folder")]
    [InlineData("link")]
    [InlineData("link to nothing")]
    [InlineData("device")]
    public void WhenSomethingIsThereAlreadyThenItIsNotMadeASwapFile(string what)
    {
        string folder = Directory.CreateTempSubdirectory().FullName, path = Path.Combine(folder, "there"), target = Path.Combine(folder, "target");
        switch (what)
        {
            case "file":
                File.WriteAllText(path, "precious");
                break;
            case "empty file":
                File.Create(path).Dispose();
                break;
            case "folder":
                Directory.CreateDirectory(path);
                break;
            case "device":
                path = "/dev/null";
                break;
            default:
                if (what == "link") File.WriteAllText(target, "precious");
                File.CreateSymbolicLink(path, target);
                break;
        }

        var exception = Assert.Throws<IOException>(() => new FileSwapDevice(path, Slots));
        Assert.Contains($"{path} exists", exception.Message, StringComparison.Ordinal);
        Assert.True(Path.Exists(path) || File.ResolveLinkTarget(path, returnFinalTarget: false) is not null);
        if (what is "file" or "link") Assert.Equal("precious", File.ReadAllText(path));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void WhenTheHostRefusesTheFileThenTheExceptionIsADocumentedOne()
    {
        Assert.Throws<DirectoryNotFoundException>(() => new FileSwapDevice("/nonexistent/swap", Slots));
        Assert.Throws<ArgumentException>(() => new FileSwapDevice("", Slots));
    }

    [Fact]
    public void WhenADeviceServesAMemoryThenAnotherCannotHaveItUntilThatIsDisposedOf()
    {
        using var shared = new TestSwapDevice(Slots);
        using var other = new TestSwapDevice(Slots);
        var memory = new PhysicalMemory(Swapping(shared));
        var exception = Assert.Throws<ArgumentException>(() => new PhysicalMemory(Swapping(other, shared)));
        Assert.Contains("test", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Dispose of that memory first", exception.Message, StringComparison.Ordinal);

        // What could have been had was given back.
        new PhysicalMemory(Swapping(other)).Dispose();
        memory.Dispose();
        memory.Dispose();
        using var next = new PhysicalMemory(Swapping(other, shared));
        Assert.Throws<ArgumentException>(() => new PhysicalMemory(Swapping(shared)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 28)]
    public void WhenTheCapacityIsImpossibleThenItIsRefused(int capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FileSwapDevice("never made", capacity));

    private static SwapDevice Create(string kind) =>
        kind == "file" ? new FileSwapDevice(FreshPath(), Slots) : new CompressedSwapDevice(Slots);

    private static PhysicalMemoryOptions Swapping(params SwapDevice[] devices) => new() { CapacityInFrames = 16, SwapDevices = devices };

    private static string FreshPath() => Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    private static byte[] PageOf(Random random)
    {
        byte[] page = new byte[SwapDevice.PageSize];

        // The rest stays zero: from a page of zeroes to one that does not shrink.
        random.NextBytes(page.AsSpan(0, new[] { 0, 100, 2000, 4000, SwapDevice.PageSize }[random.Next(5)]));
        return page;
    }
}
