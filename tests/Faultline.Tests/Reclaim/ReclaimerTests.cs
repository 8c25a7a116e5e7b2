using Faultline.Swap;
using Faultline.Tests.Files;
using Faultline.Tests.Swap;

namespace Faultline.Tests.Reclaim;

public class ReclaimerTests
{
    /// <summary>Four times the arena, by several threads, again and again: everything is found as it was left.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAWorkloadIsFourTimesTheMemoryThenItCompletesWithItsContentsIntact(FaultDesign design)
    {
        const int Frames = 1024, Threads = 4, PagesEach = Frames, Rounds = 3;
        using var device = new CompressedSwapDevice(2 * Threads * PagesEach);
        using var guest = new Guest(design, Frames, swap: device);
        guest.Map(0, Threads * PagesEach);
        var crew = new Crew();
        for (int thread = 0; thread < Threads; thread++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            int first = thread * PagesEach;
            crew.Start(() =>
            {
                for (int round = 0; round < Rounds; round++)
                {
                    for (int page = first; page < first + PagesEach; page++)
                    {
                        if (round != 0) Assert.Equal(Word(page, round - 1), cpu.Read<ulong>(Guest.At(page) + (ulong)(page % 500 * 8)));
                        cpu.Write(Guest.At(page) + (ulong)(page % 500 * 8), Word(page, round));
                    }
                }
            });
        }

        crew.Join();
        for (int page = 0; page < Threads * PagesEach; page++)
            Assert.Equal(Word(page, Rounds - 1), guest.Cpu.Read<ulong>(Guest.At(page) + (ulong)(page % 500 * 8)));
        Assert.InRange(guest.Memory.ReclaimStatistics.SwappedOut, 3 * Frames, long.MaxValue);
        Assert.Equal(0, guest[Faultline.Diagnostics.FaultEvent.Signal]);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenMemoryAndDevicesAreFullThenTheAccessFailsAndNothingIsLost(FaultDesign design)
    {
        using var device = new TestSwapDevice(50);
        using var guest = new Guest(design, 200, swap: device);
        guest.Map(0, 1000);
        int touched = 0;
        FaultSignal signal = Guest.SignalOf(() =>
        {
            for (; touched < 1000; touched++) guest.Cpu.Write(Guest.At(touched), Guest.WordOf(touched));
        });
        Assert.Equal(FaultSignal.OutOfMemory, signal);
        Assert.InRange(touched, 200, 250);
        for (int page = 0; page < touched; page++) CheckIfRoom(guest, page);
        guest.Unmap(0, 100);
        for (int page = 100; page < touched; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
    }

    /// <summary>Full devices are no reason to stop before pages that need none were looked at a second time: at the first look they were young.</summary>
    [Fact]
    public void WhenDevicesAreFullAndAFilesPagesAreYoungThenTheyLeaveAllTheSame()
    {
        const int Private = 400, Cached = 20;
        using var device = new TestSwapDevice(1);
        using var guest = new Guest(swap: device);
        using var file = new TestFile(guest.Memory, Cached * Page.Size);
        guest.Map(0, Private);
        guest.Touch(0, Private);
        guest.Advise(0, 1, Advice.PageOut);
        guest.Space.Map(Guest.At(1000), Cached * Page.Size, Protection.Read, Guest.Shared, file, 0);
        for (int page = 1000; page < 1000 + Cached; page++) guest.Cpu.Read<byte>(Guest.At(page));
        Assert.Equal(0, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        Assert.True(guest.Memory.Reclaimer.TryFreeSome(null));
        Assert.Equal(Cached, guest.Memory.ReclaimStatistics.FilePagesDropped);
    }

    [Fact]
    public void WhenTheFirstDeviceIsFullThenTheNextTakesThePages()
    {
        using var first = new TestSwapDevice(10);
        using var second = new TestSwapDevice(100);
        using var guest = new Guest(swaps: [first, second]);
        guest.Map(0, 50);
        guest.Touch(0, 50);
        guest.Advise(0, 50, Advice.PageOut);
        Assert.Equal((10, 40), (first.Writes, second.Writes));
        for (int page = 0; page < 50; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
    }

    [Fact]
    public void WhenFreeFramesGetFewThenTheReclaimThreadMakesMore()
    {
        using var device = new TestSwapDevice(4096);
        using var guest = new Guest(frames: 4096, swap: device);
        guest.Map(0, 4090);
        guest.Touch(0, 4020);
        Wait.Until(() => guest.Memory.Frames.CountPool() >= 2 * guest.Memory.Reclaimer.LowWatermark, "The thread freed nothing.");
        Assert.Equal(0, guest.Memory.ReclaimStatistics.DirectReclaims);
        for (int page = 0; page < 4020; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
    }

    [Fact]
    public void WhenThereIsNoDeviceThenNothingIsReclaimedAndPagesHaveNoFamily()
    {
        using var guest = new Guest();
        guest.Map(0, 10);
        guest.Touch(0, 10);
        Assert.Equal(0u, guest.Memory.Info(guest.FrameOf(0)).OwnerId);
        Assert.False(guest.Memory.Reclaimer.TryFreeSome(null));
        guest.Advise(0, 10, Advice.PageOut);
        Assert.True(guest.EntryOf(0).IsPresent);
    }

    /// <summary>
    /// A fork that has shared most pages still needs frames for the child's tables: shared pages must leave from both sides. Else memory would be exhausted for everybody until the
    /// fork is done.
    /// </summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAForkHasSharedAlmostAllPagesThenTheyStillLeaveForItsTables(FaultDesign design)
    {
        const int Pages = 240, Tables = 40, PagesPerTable = 512;
        using var device = new TestSwapDevice(1000);
        using var guest = new Guest(design, frames: 400, swap: device);
        guest.Map(0, (Tables + 1) * PagesPerTable);
        guest.Touch(0, Pages);
        for (int table = 1; table <= Tables; table++) guest.Touch(table * PagesPerTable, 1);
        AddressSpace child = guest.Fork();
        foreach (MemoryAccessor cpu in (MemoryAccessor[])[guest.NewCpu(child), guest.Cpu])
        {
            for (int page = 0; page < Pages; page++) Assert.Equal(Guest.WordOf(page), cpu.Read<ulong>(Guest.At(page)));
            for (int table = 1; table <= Tables; table++) Assert.Equal(Guest.WordOf(table * PagesPerTable), cpu.Read<ulong>(Guest.At(table * PagesPerTable)));
        }
    }

    /// <summary>The last page that can leave is on its way out, by one thread, when another needs a frame.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public async Task WhenWhatCouldLeaveIsInTheWorksElsewhereThenAThreadWaitsForItInsteadOfFailing(FaultDesign design)
    {
        const int Pages = 10, Patience = 50;
        using var device = new TestSwapDevice(Pages);
        using var guest = new Guest(design, frames: 64, swap: device);
        guest.Memory.Reclaimer.Stop();
        MemoryAccessor other = guest.NewCpu();
        guest.Map(0, 2 * Pages);
        guest.Touch(0, Pages);
        uint[] frames = [.. Enumerable.Range(0, Pages).Select(page => guest.FrameOf(page))];
        foreach (uint pfn in frames) guest.Memory.Info(pfn).Pins++;
        var rest = new List<uint>();
        while (guest.Memory.Frames.TryAllocate() is var pfn and not 0) rest.Add(pfn);
        guest.Memory.Info(frames[0]).Pins--;
        Task? access = null;
        device.BeforeWrite = () =>
        {
            access = Beside.Start(() => other.Write(Guest.At(Pages), 1UL));
            Assert.False(access.Wait(Patience, TestContext.Current.CancellationToken), "There was a frame after all.");
        };
        guest.Advise(0, 1, Advice.PageOut);
        await access!;
        foreach (uint pfn in frames[1..]) guest.Memory.Info(pfn).Pins--;
        guest.Memory.Frames.Free([.. rest]);
        Assert.Equal(Guest.WordOf(0), guest.Cpu.Read<ulong>(Guest.At(0)));
    }

    /// <summary>Reads a page if there is a frame for it: with all slots taken a page can come back only when another has left.</summary>
    private static void CheckIfRoom(Guest guest, int page)
    {
        try
        {
            Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
        }
        catch (MemoryFaultException exception)
        {
            Assert.Equal(FaultSignal.OutOfMemory, exception.Signal);
        }
    }

    private static ulong Word(int page, int round) => ((ulong)round << 32) | (uint)page;
}
