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
    public void WhenAPageIsBeingReadThenOthersWaitForItAndItIsReadOnce()
    {
        using var test = new TestMemory();
        using var reading = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        using var file = new TestFile(test.Memory)
        {
            OnRead = _ =>
            {
                reading.Set();
                finish.Wait();
            },
        };
        uint[] found = new uint[3];
        var crew = new Crew();
        for (int i = 0; i < found.Length; i++)
        {
            int self = i;
            crew.Start(() => Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(3, out found[self])));
        }

        reading.Wait();
        Assert.False(file.Cache.TryLookup(3, out _));
        finish.Set();
        crew.Join();
        Assert.Equal(1, file.Reads);
        Assert.All(found, pfn => Assert.Equal(found[0], pfn));
        Assert.Equal(4u, test.Memory.Info(found[0]).Refs);
        Assert.Equal(test.Memory.CapacityInFrames - 1, test.Memory.FreeFrames);
        foreach (uint pfn in found) test.Memory.Release(pfn);
    }

    [Fact]
    public void WhenTheReaderFailsThenThoseWhoWaitReadForThemselves()
    {
        using var test = new TestMemory();
        using var reading = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        int reads = 0;
        using var file = new TestFile(test.Memory)
        {
            OnRead = _ =>
            {
                if (Interlocked.Increment(ref reads) != 1) return;
                reading.Set();
                finish.Wait();
                throw new IOException("Once.");
            },
        };
        var crew = new Crew();
        crew.Start(() => Assert.Equal(FileResult.ReadFailed, file.Cache.GetOrRead(3, out _)));
        reading.Wait();
        crew.Start(() =>
        {
            Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(3, out uint pfn));
            test.Memory.Release(pfn);
        });
        finish.Set();
        crew.Join();
        Assert.Equal(2, file.Reads);
    }

    [Fact]
    public void NeighboursAreReadTogetherWithinAnAlignedWindowAndTheFile()
    {
        using var test = new TestMemory();
        using var file = new TestFile(test.Memory, length: (13 * 4096) + 1) { ReadAhead = 8 };
        AssertReads(file, 2, [2], readAhead: false);
        AssertReads(file, 5, [3, 4, 5, 6, 7]);
        AssertReads(file, 0, [0, 1]);
        AssertReads(file, 12, [8, 9, 10, 11, 12, 13]);
        Assert.True(file.Cache.TryLookup(13, out uint last));
        Assert.Equal((byte)13, test.Memory.Contents(last)[0]);
        Assert.False(test.Memory.Contents(last)[1..].ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void WhenANeighbourCannotBeReadThenThePageItselfIs()
    {
        using var test = new TestMemory();
        using var file = new TestFile(test.Memory) { ReadAhead = 4, OnRead = page => { if (page == 2) throw new IOException("A bad block."); } };
        Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(1, out uint pfn));
        Assert.Equal((byte)1, test.Memory.Contents(pfn)[0]);
        test.Memory.Release(pfn);
        Assert.Equal(FileResult.ReadFailed, file.Cache.GetOrRead(2, out _));
        Assert.Equal(test.Memory.CapacityInFrames - 1, test.Memory.FreeFrames);
    }

    /// <summary>Asking for a page brings exactly these pages into memory, with their contents.</summary>
    private static void AssertReads(TestFile file, ulong index, ulong[] expected, bool readAhead = true)
    {
        List<ulong> read = [];
        file.OnRead = read.Add;
        Assert.Equal(FileResult.Ok, file.Cache.GetOrRead(index, out uint pfn, readAhead));
        Assert.Equal((byte)index, file.Memory.Contents(pfn)[0]);
        file.Memory.Release(pfn);
        Assert.Equal(expected, read);
        foreach (ulong page in expected)
        {
            Assert.True(file.Cache.TryLookup(page, out uint found));
            Assert.Equal((byte)page, file.Memory.Contents(found)[0]);
        }
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
