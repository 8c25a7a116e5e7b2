using Faultline.Paging;
using Faultline.Physical;
using Faultline.Tests.Swap;

namespace Faultline.Tests.Reclaim;

public class PageOutTests
{
    private const int Pages = 20;

    [Fact]
    public void WhenPagesAreSharedByAForkThenAdviceLeavesThemButReclaimTakesThemFromBoth()
    {
        using var device = new TestSwapDevice(100);
        using Guest guest = Touched(device);
        AddressSpace child = guest.Fork();
        MemoryAccessor childCpu = guest.NewCpu(child);
        guest.Advise(0, Pages, Advice.PageOut);
        Assert.Equal(0, device.Writes);

        guest.ReclaimAll();
        Assert.Equal(Pages, device.Writes);
        for (int page = 0; page < Pages; page++)
        {
            Assert.Equal(guest.EntryOf(page), guest.EntryOf(page, child));
            Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
            guest.Cpu.Write(Guest.At(page), 1UL);
            Assert.Equal(Guest.WordOf(page), childCpu.Read<ulong>(Guest.At(page)));
        }
    }

    [Fact]
    public void WhenPagesAreLockedOrPinnedThenTheyStay()
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(swap: device, privileged: true);
        guest.Map(0, Pages);
        guest.Touch(0, Pages);
        guest.Space.MemoryLock(Guest.At(0), 5 * Page.Size);
        ref FrameInfo pinned = ref guest.Memory.Info(guest.FrameOf(7));
        pinned.Pins++;
        guest.ReclaimAll();
        for (int page = 0; page < Pages; page++) Assert.Equal(page is < 5 or 7, guest.EntryOf(page).IsPresent);
        pinned.Pins--;
        Check(guest);
    }

    /// <summary>To take them from the child alone would free nothing.</summary>
    [Fact]
    public void WhenOneOfTwoSpacesHasItsPagesLockedThenTheyStayForBoth()
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(swap: device, privileged: true);
        guest.Map(0, Pages);
        guest.Touch(0, Pages);
        guest.Space.MemoryLock(Guest.At(0), 5 * Page.Size);
        AddressSpace child = guest.Fork();
        guest.ReclaimAll();
        Assert.Equal(Pages - 5, device.Writes);
        for (int page = 0; page < Pages; page++)
        {
            Assert.Equal(page < 5, guest.EntryOf(page).IsPresent);
            Assert.Equal(page < 5, guest.EntryOf(page, child).IsPresent);
        }
    }

    [Fact]
    public void WhenAnAreaWasSplitMovedAndMergedThenItsPagesAreFound()
    {
        using var device = new TestSwapDevice(100);
        using Guest guest = Touched(device);
        guest.Protect(3, 4, Protection.Read);
        guest.Space.Remap(Guest.At(10), 5 * Page.Size, 5 * Page.Size, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(1000));
        guest.Protect(3, 2, Protection.ReadWrite);
        guest.ReclaimAll();
        Assert.Equal(Pages, device.Writes);
        for (int page = 0; page < Pages; page++)
        {
            int at = page is >= 10 and < 15 ? 990 + page : page;
            Assert.Equal(AbsentKind.Swap, guest.EntryOf(at).Absent);
            Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(at)));
        }
    }

    [Fact]
    public void WhenPrivatePagesOfAFileWereWrittenThenTheyLeaveForTheDeviceAndCachedOnesForTheFile()
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(swap: device);
        using var file = new Faultline.Files.GeneratedFile(guest.Memory, "file", new(1, 2, 3));
        guest.Space.Map(Guest.At(0), Pages * Page.Size, Protection.ReadWrite, Guest.Private, file, 0);
        guest.Touch(0, 5);
        for (int page = 5; page < Pages; page++) guest.Cpu.Read<ulong>(Guest.At(page));
        guest.ReclaimAll();
        Assert.Equal(5, device.Writes);
        for (int page = 0; page < 5; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));

        // Those too that private pages were copied from.
        Assert.Equal(Pages, guest.Memory.ReclaimStatistics.FilePagesDropped);
        for (int page = 5; page < Pages; page++)
        {
            Assert.True(guest.EntryOf(page).IsNone);
            Assert.Equal(Faultline.Files.GeneratedFile.WordAt(file.Identity, (ulong)page, 0), guest.Cpu.Read<ulong>(Guest.At(page)));
        }
    }

    [Fact]
    public void WhenPagesWereGivenUpByAdviceThenThoseNotWrittenSinceAreForgottenWithoutASlot()
    {
        using var device = new TestSwapDevice(100);
        using Guest guest = Touched(device);
        guest.Advise(0, Pages, Advice.Free);
        guest.Touch(4, 3);
        guest.ReclaimAll();
        Assert.Equal(3, device.Writes);
        Assert.Equal(Pages - 3, guest.Memory.ReclaimStatistics.Dropped);
        for (int page = 0; page < Pages; page++)
            Assert.Equal(page is >= 4 and < 7 ? Guest.WordOf(page) : 0UL, guest.Cpu.Read<ulong>(Guest.At(page)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenTheDeviceFailsOnceThenFurtherPagesLeaveStill(bool throws)
    {
        const int Many = 300;
        using var device = new TestSwapDevice(4096);
        using var guest = new Guest(frames: 100, swap: device);
        guest.Map(0, Many);
        guest.Touch(0, 110);
        if (throws) device.Throws = 1;
        else device.Room = 0;
        guest.Advise(0, 10, Advice.PageOut);
        device.Room = int.MaxValue;
        guest.Touch(110, Many - 110);
        for (int page = 0; page < Many; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
    }

    [Fact]
    public void WhenADeviceIsListedTwiceThenTheMemoryIsRefused()
    {
        using var device = new TestSwapDevice(10);
        var options = new PhysicalMemoryOptions { CapacityInFrames = 16, SwapDevices = [device, device] };
        Assert.Contains("listed twice", Assert.Throws<ArgumentException>(() => new PhysicalMemory(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhenAPageWasWrittenThroughAPinSinceTheAdviceThenItIsNotForgotten()
    {
        using var device = new TestSwapDevice(100);
        using Guest guest = Touched(device);
        using (PinnedPages pinned = guest.Space.PinPages(Guest.At(2), Page.Size, PinFlags.Write))
        {
            guest.Advise(0, Pages, Advice.Free);
            BitConverter.TryWriteBytes(pinned.GetWritablePage(0), 77UL);
        }

        guest.ReclaimAll();
        Assert.Equal(77UL, guest.Cpu.Read<ulong>(Guest.At(2)));
    }

    [Fact]
    public void WhenTheDeviceRefusesThenThePageStaysAndIsWrittenLater()
    {
        using var device = new TestSwapDevice(100) { Room = 5 };
        using Guest guest = Touched(device);
        guest.ReclaimAll();
        Assert.Equal(5, device.Writes);

        // The one that was refused is named by its entry, and in the cache. The others were not even tried.
        int refused = Enumerable.Range(0, Pages).Count(page => guest.EntryOf(page).Absent == AbsentKind.Swap) - 5;
        Assert.InRange(refused, 1, Pages);
        device.Room = 100;
        Check(guest);
        guest.ReclaimAll();
        Check(guest);
    }

    [Fact]
    public void WhenAPageThatTheDeviceRefusedIsGivenUpThenItsFrameAndSlotComeHome()
    {
        using var device = new TestSwapDevice(100) { Room = 0 };
        using Guest guest = Touched(device);
        guest.ReclaimAll();
        Assert.NotEqual(100, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        guest.Unmap(0, Pages);
        Assert.Equal(100, guest.Memory.ReclaimStatistics.FreeSwapSlots);
    }

    [Fact]
    public void WhenPagesAreUsedThenTheOthersLeaveFirst()
    {
        using var device = new TestSwapDevice(1000);
        using var guest = new Guest(swap: device);
        guest.Map(0, 400);
        guest.Touch(0, 400);
        for (int round = 0; round < 6; round++)
        {
            for (int page = 0; page < 100; page++) guest.Cpu.Read<ulong>(Guest.At(page));
            guest.Memory.Reclaimer.Free(20);
        }

        int left = Enumerable.Range(0, 400).Count(page => !guest.EntryOf(page).IsPresent);
        int used = Enumerable.Range(0, 100).Count(page => !guest.EntryOf(page).IsPresent);
        Assert.InRange(left, 100, 400);
        Assert.True(used * 10 < left, $"Of {left} pages that left {used} were in use.");
    }

    [Fact]
    public void WhenAThreadHasASessionOpenThenItDoesNotReclaimItself()
    {
        using var device = new TestSwapDevice(100);
        using Guest guest = Touched(device);
        using (guest.Cpu.OpenSession()) Assert.False(guest.Memory.Reclaimer.TryFreeSome(null));
        Assert.True(guest.Memory.Reclaimer.TryFreeSome(null));
    }

    private static Guest Touched(TestSwapDevice device)
    {
        var guest = new Guest(swap: device);
        guest.Map(0, Pages);
        guest.Touch(0, Pages);
        return guest;
    }

    private static void Check(Guest guest)
    {
        for (int page = 0; page < Pages; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
    }
}
