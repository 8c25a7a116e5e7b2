using Faultline.Files;
using Faultline.Swap;
using Faultline.Tests.Swap;

namespace Faultline.Tests.Files;

/// <summary>Pages of files that are nothing but their cache (memory files, shared anonymous memory) on swap devices.</summary>
public class MemoryFileSwapTests
{
    private const ulong P = Page.Size;
    private const int Pages = 20;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesOfSharedMemoryLeaveThenEverybodyWhoSharesThemFindsThemAgain(FaultDesign design)
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(design, swap: device);
        guest.Map(0, Pages, flags: Guest.Shared | MapFlags.Anonymous);
        guest.Touch(0, Pages);
        AddressSpace child = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(child);
        Assert.Equal(Guest.WordOf(3), cpu.Read<ulong>(Guest.At(3)));
        Assert.Equal(Pages, guest.ReclaimAll());
        Assert.Equal(Pages, device.Writes);
        for (int page = 0; page < Pages; page++) Assert.True(guest.EntryOf(page).IsNone && guest.EntryOf(page, child).IsNone);
        for (int page = 0; page < Pages; page++) Assert.Equal(Guest.WordOf(page), cpu.Read<ulong>(Guest.At(page)));
        cpu.Write(Guest.At(3), 1UL);
        Assert.Equal(1UL, guest.Cpu.Read<ulong>(Guest.At(3)));
        Assert.Equal(Pages, guest.Memory.ReclaimStatistics.SwappedIn);
        Assert.Equal(100, guest.Memory.ReclaimStatistics.FreeSwapSlots);
    }

    /// <summary>What came back has no other copy: it is written again when it leaves again, also if nobody wrote to it.</summary>
    [Fact]
    public void WhenAPageCameBackThenItCanLeaveAgain()
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(swap: device);
        using var file = new MemoryFile(guest.Memory, length: P);
        file.Write(0, [7]);
        byte[] read = new byte[1];
        for (int round = 1; round < 4; round++)
        {
            Assert.Equal(1, guest.ReclaimAll());
            Assert.Equal(round, device.Writes);
            Assert.Equal(1, file.Read(0, read));
            Assert.Equal(7, read[0]);
        }
    }

    /// <summary>Zero in a file that was never written needs no slot.</summary>
    [Fact]
    public void WhenAPageWasOnlyReadThenItLeavesWithoutASlot()
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(swap: device);
        guest.Map(0, Pages, flags: Guest.Shared | MapFlags.Anonymous);
        for (int page = 0; page < Pages; page++) Assert.Equal(0UL, guest.Cpu.Read<ulong>(Guest.At(page)));
        Assert.Equal(Pages, guest.ReclaimAll());
        Assert.Equal(0, device.Writes);
    }

    [Fact]
    public void WhenTheFileIsCutPunchedOrClosedThenTheSlotsComeHome()
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(swap: device);
        var file = new MemoryFile(guest.Memory, length: Pages * P);
        for (ulong page = 0; page < Pages; page++) file.Write(page * P, [(byte)(page + 1)]);
        Assert.Equal(Pages, guest.ReclaimAll());
        Assert.Equal(100 - Pages, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        file.SetLength(15 * P);
        Assert.Equal(85, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        file.SetLength(Pages * P);
        file.PunchHole(5 * P, 5 * P);
        Assert.Equal(90, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        byte[] contents = new byte[Pages * P];
        file.Read(0, contents);
        for (int page = 0; page < Pages; page++) Assert.Equal(page is < 5 or (>= 10 and < 15) ? page + 1 : 0, contents[page * (int)P]);
        guest.ReclaimAll();
        file.Dispose();
        Assert.Equal(100, guest.Memory.ReclaimStatistics.FreeSwapSlots);
    }

    [Fact]
    public void WhenAPartOfAPageThatIsOutIsCutOrPunchedThenTheRestStays()
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(swap: device);
        using var file = new MemoryFile(guest.Memory, length: 2 * P);
        file.Write(0, [.. Enumerable.Repeat((byte)7, 2 * (int)P)]);
        guest.ReclaimAll();
        file.PunchHole(100, 100);
        guest.ReclaimAll();
        file.SetLength(P + 10);
        guest.ReclaimAll();
        file.SetLength(2 * P);
        guest.ReclaimAll();
        byte[] contents = new byte[2 * P];
        file.Read(0, contents);
        for (int i = 0; i < contents.Length; i++) Assert.Equal(i is (>= 100 and < 200) or >= (int)P + 10 ? 0 : 7, contents[i]);
    }

    [Fact]
    public void WhenAPartOfAPageThatCannotBeReadIsToBeClearedThenTheCallFailsAndNothingHasChanged()
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(swap: device);
        using var file = new MemoryFile(guest.Memory, length: 2 * P);
        file.Write(0, [.. Enumerable.Repeat((byte)7, 2 * (int)P)]);
        guest.ReclaimAll();
        device.FailsToRead = true;
        Assert.Throws<IOException>(() => file.SetLength(10));
        Assert.Throws<IOException>(() => file.PunchHole(10, 10));
        Assert.Equal(2 * P, file.Length);
        device.FailsToRead = false;
        byte[] contents = new byte[2 * P];
        Assert.Equal(contents.Length, file.Read(0, contents));
        Assert.All(contents, value => Assert.Equal(7, value));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAPageCannotBeReadBackThenTheAccessFailsAndTheNextTriesAgain(FaultDesign design)
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(design, swap: device);
        guest.Map(0, 1, flags: Guest.Shared | MapFlags.Anonymous);
        guest.Touch(0, 1);
        guest.ReclaimAll();
        device.FailsToRead = true;
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Cpu.Read<ulong>(Guest.At(0))));
        device.FailsToRead = false;
        Assert.Equal(Guest.WordOf(0), guest.Cpu.Read<ulong>(Guest.At(0)));
    }

    [Fact]
    public void WhenTheDeviceRefusesOrIsFullThenPagesStay()
    {
        using var device = new TestSwapDevice(5) { Room = 0 };
        using var guest = new Guest(swap: device);
        guest.Map(0, Pages, flags: Guest.Shared | MapFlags.Anonymous);
        guest.Touch(0, Pages);
        Assert.Equal(0, guest.ReclaimAll());
        Assert.Equal(5, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        device.Room = int.MaxValue;
        for (int i = 0; i < 10; i++) guest.ReclaimAll();
        Assert.Equal(0, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        for (int page = 0; page < Pages; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
    }

    /// <summary>Each offer costs the page its entries. What a device has refused it is asked for again only after a while, as with private pages.</summary>
    [Fact]
    public void WhenTheDeviceRefusesAPageThenTheNextAreNotEvenOffered()
    {
        using var device = new TestSwapDevice(100) { Room = 0 };
        using var guest = new Guest(swap: device);
        guest.Map(0, Pages, flags: Guest.Shared | MapFlags.Anonymous);
        guest.Touch(0, Pages);
        int offers = 0;
        device.BeforeWrite = () => offers++;
        guest.Advise(0, Pages, Advice.PageOut);
        Assert.Equal(2, offers);
    }

    /// <summary>Private copies are counted as what they are; the object's pages once, and not in the proportional size, as on Linux.</summary>
    [Fact]
    public void WhenPagesOfSharedMemoryAreOutThenSmapsShowsThem()
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(swap: device);
        using var file = new MemoryFile(guest.Memory, length: Pages * P);
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Private, file, 0);
        for (ulong page = 0; page < Pages; page++) file.Write(page * P, [1]);
        guest.Touch(0, 3);
        guest.Memory.Reclaimer.Free(int.MaxValue);
        guest.Touch(0, 3);
        Assert.Contains($"Swap:           {(Pages - 3) * 4,8} kB\n", guest.Space.Smaps(), StringComparison.Ordinal);
        Assert.Contains($"SwapPss:        {0,8} kB\n", guest.Space.Smaps(), StringComparison.Ordinal);
    }

    [Fact]
    public void WhenPagesAreAdvisedToLeaveThenThoseOfSharedMemoryAreSwapped()
    {
        using var device = new TestSwapDevice(100);
        using var guest = new Guest(swap: device);
        guest.Map(0, Pages, flags: Guest.Shared | MapFlags.Anonymous);
        guest.Touch(0, Pages);
        guest.Advise(0, Pages, Advice.PageOut);
        Assert.Equal(Pages, device.Writes);
        byte[] resident = new byte[Pages];
        guest.Space.MinCore(Guest.At(0), Pages * P, resident);
        Assert.All(resident, value => Assert.Equal(0, value));
        for (int page = 0; page < Pages; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
    }

    /// <summary>Shared anonymous memory is charged to who mapped it, so a group at its limit swaps its pages, and no others.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAGroupsSharedMemoryIsMoreThanItsLimitThenItsOwnPagesLeave(FaultDesign design)
    {
        using var device = new TestSwapDevice(1000);
        using var guest = new Guest(design, swap: device, limit: 100);
        using var others = new MemoryFile(guest.Memory, length: Pages * P);
        others.Write(0, new byte[Pages * P]);
        guest.Map(0, 300, flags: Guest.Shared | MapFlags.Anonymous);
        guest.Touch(0, 300);
        for (int page = 0; page < 300; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
        for (ulong page = 0; page < Pages; page++) Assert.True(others.Cache.TryLookup(page, out _));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenSharedMemoryIsFourTimesTheMemoryThenSeveralThreadsFindItAsTheyLeftIt(FaultDesign design)
    {
        const int Frames = 512, Threads = 2, PagesEach = 2 * Frames;
        using var device = new CompressedSwapDevice(3 * Threads * PagesEach);
        using var guest = new Guest(design, Frames, swap: device);
        using var file = new MemoryFile(guest.Memory, length: Threads * PagesEach * P);
        guest.Space.Map(Guest.At(0), Threads * PagesEach * P, Protection.ReadWrite, Guest.Shared, file, 0);
        WordRounds.Run(guest, Threads, PagesEach);
        byte[] word = new byte[8];
        for (int page = 0; page < Threads * PagesEach; page++)
        {
            file.Read(WordRounds.Place((ulong)page * P), word);
            Assert.Equal(WordRounds.Last(page), BitConverter.ToUInt64(word));
        }

        Assert.InRange(guest.Memory.ReclaimStatistics.SwappedOut, 2 * Threads * PagesEach, long.MaxValue);
    }
}
