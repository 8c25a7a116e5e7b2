using CsCheck;
using Faultline.Files;
using Faultline.Physical;
using Faultline.Tests.Physical;

namespace Faultline.Tests.Files;

public class PageCacheTests
{
    [Fact]
    public void WhenAPageIsNotInMemoryThenItIsReadOnceAndFoundAfterwards()
    {
        using var test = new TestMemory();
        using var file = new TestFile(test.Memory);
        Assert.False(file.Cache.TryLookup(7, out _));
        Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(7, out uint pfn));
        Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(7, out uint again));
        Assert.True(file.Cache.TryLookup(7, out uint found));
        Assert.Equal((pfn, pfn), (again, found));
        Assert.Equal(1, file.Reads);
        Assert.False(test.Memory.Contents(pfn).ContainsAnyExcept((byte)7));
        test.Memory.Release(pfn);
        test.Memory.Release(pfn);
    }

    [Fact]
    public void AFrameInTheCacheSaysWhoseItIs()
    {
        using var test = new TestMemory();
        using var file = new TestFile(test.Memory);
        file.Cache.GetOrRead(9, out uint pfn);
        FrameInfo info = test.Memory.Info(pfn);
        Assert.Equal(FrameState.Cached | FrameState.UpToDate, info.State);
        Assert.Equal(2u, info.Refs);
        Assert.Equal(9UL, info.OwnerIndex);
        Assert.True(test.Memory.Owners.TryGet(info.OwnerId, out object? owner));
        Assert.Same(file.Cache, owner);
        test.Memory.Release(pfn);
        file.Dispose();
        Assert.False(test.Memory.Owners.TryGet(info.OwnerId, out _));
    }

    [Theory]
    [InlineData(0UL, 0UL, 0)]
    [InlineData(1UL, 0UL, 1)]
    [InlineData(4096UL, 0UL, 4096)]
    [InlineData(4096UL, 1UL, 0)]
    [InlineData(10_000UL, 2UL, 10_000 - 8192)]
    [InlineData(10_000UL, 3UL, 0)]
    [InlineData(10_000UL, ulong.MaxValue, 0)]
    public void BeyondTheEndIsZeroWithinTheLastPageAndNoPageAfterIt(ulong length, ulong index, int valid)
    {
        using var test = new TestMemory();
        using var file = new TestFile(test.Memory, length);
        FileResult result = file.Cache.GetOrRead(index, out uint pfn);
        if (valid == 0)
        {
            Assert.Equal((FileResult.BeyondEnd, PhysicalMemory.NoFrame), (result, pfn));
            Assert.Equal(0, file.Reads);
            return;
        }

        Assert.Equal(FileResult.Ok, result);
        Assert.False(test.Memory.Contents(pfn)[..valid].ContainsAnyExcept((byte)index));
        Assert.False(test.Memory.Contents(pfn)[valid..].ContainsAnyExcept((byte)0));
        test.Memory.Release(pfn);
    }

    [Fact]
    public void WhenTheReadFailsThenThePageStaysAbsentAndTheFrameGoesHome()
    {
        using var test = new TestMemory();
        using var file = new TestFile(test.Memory) { OnRead = _ => throw new IOException("The device has gone.") };
        Assert.Equal((FileResult.ReadFailed, PhysicalMemory.NoFrame), (file.Cache.GetOrRead(1, out uint pfn), pfn));
        Assert.Equal(test.Memory.CapacityInFrames, test.Memory.FreeFrames);
        file.OnRead = null;
        Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(1, out pfn));
        test.Memory.Release(pfn);
    }

    [Fact]
    public void WhenTheFileThrowsSomethingElseThenItPassesThroughAndTheFrameGoesHome()
    {
        using var test = new TestMemory();
        using var file = new TestFile(test.Memory) { OnRead = _ => throw new FormatException() };
        Assert.Throws<FormatException>(() => file.Cache.GetOrRead(1, out _));
        Assert.Equal(test.Memory.CapacityInFrames, test.Memory.FreeFrames);
    }

    [Fact]
    public void WhenNoFrameIsLeftThenThePageIsNotRead()
    {
        using var test = new TestMemory(1);
        using var file = new TestFile(test.Memory);
        uint last = test.Frames.TryAllocate();
        Assert.Equal(FileResult.OutOfMemory, file.Cache.GetOrRead(1, out _));
        Assert.Equal(0, file.Reads);
        test.Frames.Free(last);
    }

    [Fact]
    public void WhenTwoReadTheSamePageThenTheFirstToFinishWins()
    {
        using var test = new TestMemory();
        using var file = new TestFile(test.Memory);
        uint inner = 0;
        file.OnRead = _ =>
        {
            file.OnRead = null;
            Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(3, out inner));
        };
        Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(3, out uint outer));
        Assert.Equal(inner, outer);
        Assert.Equal(2, file.Reads);
        Assert.Equal(3u, test.Memory.Info(outer).Refs);
        Assert.Equal(test.Memory.CapacityInFrames - 1, test.Memory.FreeFrames);
        test.Memory.Release(outer);
        test.Memory.Release(outer);
    }

    [Fact]
    public void WhenTheFileGoesThenAPinnedPageStaysWithItsPin()
    {
        using var test = new TestMemory();
        var file = new TestFile(test.Memory);
        file.Cache.GetOrRead(1, out uint pinned);
        file.Cache.GetOrRead(2, out uint free);
        test.Memory.Release(free);
        file.Dispose();
        Assert.Equal(test.Memory.CapacityInFrames - 1, test.Memory.FreeFrames);
        Assert.False(test.Memory.Contents(pinned).ContainsAnyExcept((byte)1));
        test.Memory.Release(pinned);
    }

    [Fact]
    public void WhenThreadsReadTheSamePagesThenEachPageHasOneFrame()
    {
        using var test = new TestMemory(1_000);
        using var file = new TestFile(test.Memory);
        const int Pages = 500;
        uint[][] seen = new uint[3][];
        Thread[] threads = [.. Enumerable.Range(0, seen.Length).Select(thread => new Thread(() =>
        {
            seen[thread] = new uint[Pages];
            for (ulong index = 0; index < Pages; index++) file.Cache.GetOrRead(index, out seen[thread][index]);
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.Equal(seen[0], seen[1]);
        Assert.Equal(seen[0], seen[2]);
        Assert.Equal(1_000 - Pages, test.Memory.FreeFrames);
        foreach (uint pfn in seen.SelectMany(frames => frames))
        {
            Assert.Equal(Array.IndexOf(seen[0], pfn), (int)test.Memory.Info(pfn).OwnerIndex);
            test.Memory.Release(pfn);
        }
    }

    [Fact]
    public void ReadingPagesInAnyOrderAgreesWithADictionary() =>
        Gen.Select(Gen.ULong[0, 100], Gen.Int[0, 40]).Array[0, 100].Sample(requests =>
        {
            using var test = new TestMemory(200);
            using var file = new TestFile(test.Memory);
            Dictionary<ulong, uint> model = [];
            foreach (var (low, shift) in requests)
            {
                ulong index = low << shift;
                Assert.Equal(model.ContainsKey(index), file.Cache.TryLookup(index, out uint found));
                Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(index, out uint pfn));
                Assert.Equal(model.GetValueOrDefault(index), found);
                model[index] = pfn;
                test.Memory.Release(pfn);
            }

            Assert.Equal(model.Count, model.Values.Distinct().Count());
            Assert.Equal(200 - model.Count, test.Memory.FreeFrames);
        });
}
