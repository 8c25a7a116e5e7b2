using Faultline.Files;
using Faultline.Tests.Physical;

namespace Faultline.Tests.Files;

public class VmFileTests
{
    [Fact]
    public void WhenClosedWhileAnAreaHoldsItThenItsPagesStayUntilTheAreaGoes()
    {
        using var test = new TestMemory();
        var file = new TestFile(test.Memory);
        file.AddReference();
        file.Dispose();
        Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(0, out uint pfn));
        test.Memory.Release(pfn);
        Assert.False(file.IsReleased);
        Assert.Equal(test.Memory.CapacityInFrames - 1, test.Memory.FreeFrames);
        file.Release();
        Assert.True(file.IsReleased);
        Assert.Equal(test.Memory.CapacityInFrames, test.Memory.FreeFrames);
    }

    [Fact]
    public void WhenDisposedTwiceThenOneReferenceIsGivenBack()
    {
        using var test = new TestMemory();
        var file = new TestFile(test.Memory);
        file.AddReference();
        file.Dispose();
        file.Dispose();
        Assert.False(file.IsReleased);
        file.Release();
    }

    [Fact]
    public void WhenReleasedThenNobodyCanHoldItAgain()
    {
        using var test = new TestMemory();
        var file = new TestFile(test.Memory);
        Assert.True(file.TryAddReference());
        file.Release();
        file.Dispose();
        Assert.False(file.TryAddReference());
    }

    /// <summary>Faults that are about to wait race the last unmap: each either holds the file or is told that it has gone.</summary>
    [Fact]
    public void WhenHoldersRaceTheLastReleaseThenThePagesGoHomeOnce()
    {
        for (int round = 0; round < 300; round++)
        {
            using var test = new TestMemory(2);
            var file = new TestFile(test.Memory);
            var holder = new Thread(() =>
            {
                while (file.TryAddReference())
                {
                    file.Cache.GetOrRead(0, out uint pfn);
                    test.Memory.Release(pfn);
                    file.Release();
                }
            });
            holder.Start();
            file.Dispose();
            holder.Join();
            Assert.True(file.IsReleased);
        }
    }
}
