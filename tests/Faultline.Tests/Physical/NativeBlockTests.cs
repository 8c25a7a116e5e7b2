using Faultline.Physical;

namespace Faultline.Tests.Physical;

public unsafe class NativeBlockTests
{
    [Theory]
    [InlineData(1, 64)]
    [InlineData(10_000, 4096)]
    [InlineData(3 << 20, 2 << 20)]
    public void WhenMadeThenItIsAlignedAndZero(int length, int alignment)
    {
        using var block = new NativeBlock((nuint)length, (nuint)alignment);
        Assert.Equal((nuint)0, (nuint)block.Start % (nuint)alignment);
        Assert.False(new ReadOnlySpan<byte>(block.Start, length).ContainsAnyExcept((byte)0));
        new Span<byte>(block.Start, length).Fill(0xFF);
    }

    [Fact]
    public void WhenDisposedTwiceThenTheSecondDoesNothing()
    {
        var block = new NativeBlock(4096, 64);
        block.Dispose();
        block.Dispose();
        Assert.True(block.Start == null);
    }

    [Fact]
    public void WhenTheHostHasNotSoMuchThenItThrows() =>
        Assert.Throws<OutOfMemoryException>(() => new NativeBlock(nuint.MaxValue / 2, 64));
}
