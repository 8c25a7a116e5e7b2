using Faultline.Physical;

namespace Faultline.Tests.Calls;

/// <summary>Options that no space can obey are refused by name, and nothing is made.</summary>
public class OptionsTests
{
    public static TheoryData<string, AddressSpaceOptions> Illegal => new()
    {
        { "Design is 4. Legal: Classic, AreaSequence, SpaceSequence, AreaLock.", new AddressSpaceOptions { Design = (FaultDesign)4 } },
        { "Design is -1. Legal: Classic", new AddressSpaceOptions { Design = (FaultDesign)(-1) } },
        { "WriterLock is 2. Legal: MmapLock, RangeLock.", new AddressSpaceOptions { WriterLock = (WriterLock)2 } },
        { "AreaLock needs WriterLock.MmapLock", new AddressSpaceOptions { Design = FaultDesign.AreaLock, WriterLock = WriterLock.RangeLock } },
        { "MmapBase is 0x7fff00000001. Legal: multiples of 4096", new AddressSpaceOptions { MmapBase = 0x7fff_0000_0001 } },
        { "MmapBase is 0x800000000000.", new AddressSpaceOptions { MmapBase = 1UL << 47 } },
        { "MinimumAddress is 0x7.", new AddressSpaceOptions { MinimumAddress = 7 } },
        { "MaximumAreas is -1. Legal: 0 and more.", new AddressSpaceOptions { MaximumAreas = -1 } },
        { "Limits is null.", new AddressSpaceOptions { Limits = null! } },
    };

    [Theory]
    [MemberData(nameof(Illegal), DisableDiscoveryEnumeration = true)]
    public void WhenAnOptionIsIllegalThenTheErrorNamesItAndWhatIsLegal(string message, AddressSpaceOptions options)
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 16 });
        var exception = Assert.Throws<ArgumentException>(() => new AddressSpace(memory, options));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Frames.AssertAllHome(memory);
    }

    /// <summary>The least that can be had.</summary>
    [Fact]
    public void WhenOptionsAreAtTheEndsThenTheyAreObeyed()
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 16 });
        using var space = new AddressSpace(memory, new AddressSpaceOptions { MmapBase = 0, MinimumAddress = 0, MaximumAreas = 0, CommitLimit = 0 });
        Assert.Equal(Errno.ENOMEM, space.TryMap(0, 4096, Protection.ReadWrite, MapFlags.Private, out _));
    }
}
