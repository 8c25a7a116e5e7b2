using Faultline.Physical;

namespace Faultline.Tests.Physical;

public class FramePoisonTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1234)]
    [InlineData(4095)]
    public void WhenAFreedFrameIsWrittenThenItsNextAllocationSaysWhere(int offset)
    {
        using var test = new TestMemory();
        uint pfn = test.Frames.TryAllocate();
        test.Frames.Free(pfn);
        test.Memory.Contents(pfn)[offset] ^= 1;
        var exception = Assert.Throws<InvalidOperationException>(() => test.Frames.TryAllocate());
        Assert.Contains($"Frame {pfn} was written at offset 0x{offset:x}", exception.Message, StringComparison.Ordinal);
        test.Frames.Free(pfn);
    }

    [Fact]
    public void WhenAFrameInAMagazineIsWrittenThenItsTakingSaysSo()
    {
        using var test = new TestMemory();
        using var section = new TestSection(test.Memory);
        uint pfn = section.Take();
        Assert.True(section.TryPut(pfn));
        test.Memory.Contents(pfn)[8] = 1;
        section.Enter();
        Assert.Throws<InvalidOperationException>(() => section.Magazine.TryTake());
        section.Leave();
        test.Frames.Free(pfn);
    }

    [Fact]
    public void WhenAFrameIsFreedTwiceThenTheSecondFails()
    {
        using var test = new TestMemory();
        uint pfn = test.Frames.TryAllocate();
        test.Frames.Free(pfn);
        Assert.Throws<InvalidOperationException>(() => test.Frames.Free(pfn));
    }

    [Fact]
    public void WhenFramesArePoisonedThenNothingOfTheirContentsIsLeft()
    {
        using var test = new TestMemory();
        uint pfn = test.Frames.TryAllocate();
        test.Memory.Contents(pfn).Fill(1);
        test.Frames.Free(pfn);
        Assert.Equal(pfn, test.Frames.TryAllocate());
        Assert.False(test.Memory.Contents(pfn).ContainsAnyExcept(FramePoison.Pattern));
        test.Frames.Free(pfn);
    }

    [Fact]
    public void WhenPoisonIsOffThenFreedFramesKeepTheirContents()
    {
        using var test = new TestMemory(poison: false);
        uint pfn = test.Frames.TryAllocate();
        test.Memory.Contents(pfn).Fill(1);
        test.Frames.Free(pfn);
        Assert.False(test.Memory.Contents(pfn).ContainsAnyExcept((byte)1));
    }
}
