using Faultline.Areas;
using Faultline.Files;
using Faultline.Tests.Files;
using static Faultline.Tests.Calls.TestSpace;

namespace Faultline.Tests.Calls;

/// <summary>Where maps go; seen on Linux 6.18 and in recordings made there.</summary>
public class PlacementTests
{
    private const ulong Base = 0x7fff_f7ff_f000;
    private const ulong Huge = 2UL << 20;

    private static ulong Map(TestSpace test, ulong length, MapFlags flags = MapFlags.Private, ulong hint = 0) =>
        test.Space.Map(hint, length, RW, flags);

    [Fact]
    public void WhenThereIsNoHintThenMapsGoDownFromTheBase()
    {
        using var test = new TestSpace();
        Assert.Equal(Base - P, Map(test, P));
        Assert.Equal(Base - (3 * P), Map(test, 2 * P, MapFlags.Shared));
        test.Space.Unmap(Base - P, P);
        Assert.Equal(Base - P, Map(test, 1));
    }

    [Fact]
    public void WhenWholeHugePagesAreAskedForThenTheyAreAligned()
    {
        using var test = new TestSpace(new AddressSpaceOptions { CommitLimit = ulong.MaxValue });
        Assert.Equal(Base - P, Map(test, P));
        ulong huge = Map(test, Huge);
        Assert.Equal((Base & ~(Huge - 1)) - Huge, huge);
        Assert.Equal(huge - Huge - P, Map(test, Huge + P));
        Assert.Equal(huge - (2 * Huge) - P, Map(test, Huge, MapFlags.Shared));

        // The gap that alignment left is used by what fits.
        Assert.Equal(Base - (2 * P), Map(test, P));
    }

    [Fact]
    public void WhenAlignmentIsOffThenLengthDoesNotMatter()
    {
        using var test = new TestSpace(new AddressSpaceOptions { AlignLargeAnonymous = false, AlignLargeFiles = false, CommitLimit = ulong.MaxValue });
        Assert.Equal(Base - Huge, Map(test, Huge));
        using var file = new TestFile(test.Memory);
        Assert.Equal(Base - (2 * Huge), test.Space.Map(0, Huge, R, MapFlags.Private, file, 0));
    }

    [Theory]
    [InlineData(Huge - P, 0, false)]
    [InlineData(Huge, 0, true)]
    [InlineData(Huge + P, 0, true)]
    [InlineData(Huge + P, P, false)]
    [InlineData(2 * Huge, P, true)]
    public void WhenAFilePartHoldsAHugePageThenAddressesAndOffsetsAgree(ulong length, ulong offset, bool aligned)
    {
        using var test = new TestSpace();
        using var file = new TestFile(test.Memory);
        ulong mapped = test.Space.Map(0, length, R, MapFlags.Private, file, offset);
        Assert.Equal(aligned ? 0 : (Base - length - offset) % Huge, (mapped - offset) % Huge);
        if (!aligned) Assert.Equal(Base - length, mapped);
    }

    /// <summary>tmpfs has no huge pages unless it was mounted with them.</summary>
    [Fact]
    public void WhenAFileIsInMemoryAloneThenItsMapsAreNotAligned()
    {
        using var test = new TestSpace();
        using var file = new MemoryFile(test.Memory, length: Huge);
        Assert.Equal(Base - Huge, test.Space.Map(0, Huge, R, MapFlags.Private, file, 0));
    }

    [Fact]
    public void WhenAHintIsFreeThenItIsTakenAndOtherwiseNot()
    {
        using var test = new TestSpace();
        Assert.Equal(Window, Map(test, P, hint: Window));
        Assert.Equal(At(5), Map(test, P, hint: At(5) + 1));
        Assert.Equal(Base - P, Map(test, P, hint: Window));
        Assert.Equal(Base - (3 * P), Map(test, 2 * P, hint: 0x7fff_ffff_e000));
        Assert.Equal(Base - (5 * P), Map(test, 2 * P, hint: 0xffff_7fff_ffff_e000));
        Assert.Equal(64UL << 10, Map(test, P, hint: 0x5000));
    }

    [Fact]
    public void WhenAStackIsAboveThenItsGuardIsKeptExceptByFixedMaps()
    {
        using var test = new TestSpace();
        test.Space.Map(Base - P, P, RW, MapFlags.Private | MapFlags.Fixed | MapFlags.GrowsDown);
        Assert.Equal(Base - P - StackGuard.Size - P, Map(test, P, hint: Base - (3 * P)));
        test.Space.Map(Base - (2 * P), P, RW, MapFlags.Private | MapFlags.Fixed);
    }

    [Fact]
    public void WhenThirtyTwoBitsAreAskedForThenItIsBelowTwoGigabytes()
    {
        using var test = new TestSpace();
        Assert.Equal(0x4000_0000UL, Map(test, P, MapFlags.Private | MapFlags.Low32Bit));
        Assert.Equal(0x5000_0000UL, Map(test, P, MapFlags.Private | MapFlags.Low32Bit, hint: 0x5000_0000));
        Assert.Equal(0x4000_1000UL, Map(test, P, MapFlags.Private | MapFlags.Low32Bit, hint: Window));
    }

    [Fact]
    public void WhenWholeHugePagesAreAskedForBelowTwoGigabytesThenTheUpperEndOfThePaddingIsTaken()
    {
        using var test = new TestSpace();
        Assert.Equal(0x4000_0000UL + Huge, Map(test, Huge, MapFlags.Private | MapFlags.Low32Bit));
    }

    [Fact]
    public void WhenNothingIsFreeBelowTheBaseThenTheSearchGoesUp()
    {
        using var test = new TestSpace(new AddressSpaceOptions { MmapBase = 0x2_0000 });
        Assert.Equal(0x1_0000UL, Map(test, 16 * P));
        Assert.Equal(0x2aaa_aaaa_b000UL, Map(test, P));
    }
}
