using Faultline.Diagnostics;
using Faultline.Locking;
using Faultline.Paging;
using Faultline.Swap;
using Faultline.Tests.Swap;

namespace Faultline.Tests.Faults;

public class SwapFaultTests
{
    private const int Pages = 50;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesWerePagedOutThenTheyComeBackWithTheirContents(FaultDesign design)
    {
        using var device = new CompressedSwapDevice(2 * Pages);
        using Guest guest = PagedOut(design, device);
        for (int page = 0; page < Pages; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
        Assert.Equal(Pages, guest[FaultEvent.SwapIn]);
        Assert.Equal(2 * Pages, guest.Memory.ReclaimStatistics.FreeSwapSlots);
    }

    [Fact]
    public void WhenAPageComesBackSpeculativelyThenTheAddressSpaceLockIsNotTaken()
    {
        using var device = new TestSwapDevice(Pages);
        using Guest guest = PagedOut(FaultDesign.AreaSequence, device);
        long classic = guest[FaultEvent.Classic];

        // Held for write by somebody all the time: a fault that wanted the lock would wait for ever.
        device.AfterRead = () => Assert.True(guest.Space.MmapLock.IsWriteHeld);
        guest.Space.MmapLock.EnterWrite(LockUser.Map);
        var crew = new Crew();
        crew.Start(() => Assert.Equal(Guest.WordOf(7), guest.Cpu.Read<ulong>(Guest.At(7))));
        crew.Join();
        guest.Space.MmapLock.ExitWrite();
        Assert.Equal(classic, guest[FaultEvent.Classic]);
    }

    /// <summary>The copy that Linux lost until 6.8: the page comes back, changes, and leaves again while another thread still holds what it read before.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenThePageCameBackAndLeftAgainMeanwhileThenAnOlderReadIsNotMapped(FaultDesign design)
    {
        // Two slots: the second time the page would take the first again if nothing held it.
        using var device = new TestSwapDevice(2);
        using var guest = new Guest(design, swap: device);
        guest.Map(0, 1);
        guest.Cpu.Write(Guest.At(0), 1UL);
        guest.Advise(0, 1, Advice.PageOut);
        Pte first = guest.EntryOf(0);
        MemoryAccessor other = guest.NewCpu();
        device.AfterRead = () =>
        {
            device.AfterRead = null;
            Beside.Run(() =>
            {
                other.Write(Guest.At(0), 2UL);
                guest.Advise(0, 1, Advice.PageOut);
            });
        };
        Assert.Equal(2UL, guest.Cpu.Read<ulong>(Guest.At(0)));
        Assert.Equal(AbsentKind.Swap, first.Absent);
        Assert.Null(device.AfterRead);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenThePageIsStillBeingWrittenThenAFaultCopiesItFromTheCache(FaultDesign design)
    {
        using var device = new TestSwapDevice(Pages);
        using var guest = new Guest(design, swap: device);
        guest.Map(0, 1);
        guest.Touch(0, 1);
        MemoryAccessor other = guest.NewCpu();
        ulong seen = 0;
        device.BeforeWrite = () => Beside.Run(() => seen = other.Read<ulong>(Guest.At(0)));
        guest.Advise(0, 1, Advice.PageOut);
        Assert.Equal(Guest.WordOf(0), seen);
        Assert.True(guest.EntryOf(0).IsPresent);
        Assert.Equal(Pages, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        Assert.Equal(Guest.WordOf(0), guest.Cpu.Read<ulong>(Guest.At(0)));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenThePageCannotBeReadThenTheAccessGetsABusErrorAndNothingIsLost(FaultDesign design)
    {
        using var device = new TestSwapDevice(Pages);
        using Guest guest = PagedOut(design, device);
        device.FailsToRead = true;
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Cpu.Read<ulong>(Guest.At(3))));
        device.FailsToRead = false;
        Assert.Equal(Guest.WordOf(3), guest.Cpu.Read<ulong>(Guest.At(3)));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenMemoryIsForkedThenBothSidesHaveThePagesThatWereOut(FaultDesign design)
    {
        using var device = new CompressedSwapDevice(Pages);
        using Guest guest = PagedOut(design, device);
        AddressSpace child = guest.Fork();
        MemoryAccessor childCpu = guest.NewCpu(child);
        for (int page = 0; page < Pages; page++) childCpu.Write(Guest.At(page), 1000UL + (uint)page);
        Assert.Equal(0, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        for (int page = 0; page < Pages; page++)
        {
            Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
            Assert.Equal(1000UL + (uint)page, childCpu.Read<ulong>(Guest.At(page)));
        }

        Assert.Equal(Pages, guest.Memory.ReclaimStatistics.FreeSwapSlots);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenPagesThatAreOutAreGivenUpThenTheirSlotsAreFree(bool byUnmap)
    {
        using var device = new TestSwapDevice(Pages);
        using Guest guest = PagedOut(FaultDesign.AreaSequence, device);
        if (byUnmap) guest.Unmap(10, 20);
        else guest.Advise(10, 20, Advice.DontNeed);
        Assert.Equal(20, guest.Memory.ReclaimStatistics.FreeSwapSlots);
        if (!byUnmap) Assert.Equal(0UL, guest.Cpu.Read<ulong>(Guest.At(15)));
        Assert.Equal(Guest.WordOf(9), guest.Cpu.Read<ulong>(Guest.At(9)));
    }

    [Fact]
    public void WhenRightsChangeThenPagesThatAreOutComeBackWithTheNewOnes()
    {
        using var device = new TestSwapDevice(Pages);
        using Guest guest = PagedOut(FaultDesign.AreaSequence, device);
        guest.Protect(0, 10, Protection.Read);
        guest.Protect(20, 10, Protection.None);
        Assert.Equal(Guest.WordOf(5), guest.Cpu.Read<ulong>(Guest.At(5)));
        Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.Write(Guest.At(5), 1)));
        Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.Read<ulong>(Guest.At(25))));
        guest.Protect(0, Pages, Protection.ReadWrite);
        guest.Cpu.Write(Guest.At(5), 1UL);
        Assert.Equal(1UL, guest.Cpu.Read<ulong>(Guest.At(5)));
        Assert.Equal(Guest.WordOf(25), guest.Cpu.Read<ulong>(Guest.At(25)));
    }

    [Fact]
    public void WhenMemoryMovesThenPagesThatAreOutMoveAlong()
    {
        using var device = new TestSwapDevice(Pages);
        using Guest guest = PagedOut(FaultDesign.AreaSequence, device);
        guest.Space.Remap(Guest.At(0), Pages * Page.Size, Pages * Page.Size, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(1000));
        for (int page = 0; page < Pages; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(1000 + page)));
    }

    [Fact]
    public void WhenPagesAreOutThenTheyAreNotInCoreAndSmapsCountsThem()
    {
        using var device = new TestSwapDevice(Pages);
        using Guest guest = PagedOut(FaultDesign.AreaSequence, device);
        guest.Fork();
        guest.Cpu.Read<ulong>(Guest.At(3));
        byte[] residency = new byte[Pages];
        guest.Space.MinCore(Guest.At(0), Pages * Page.Size, residency);
        Assert.Equal(3, Array.IndexOf(residency, (byte)1));
        Assert.Equal(1, residency.Sum(here => here));
        string[] lines = guest.Space.Smaps().Split('\n');
        Assert.Contains($"Swap:           {(Pages - 1) * 4,8} kB", lines);
        Assert.Contains($"SwapPss:        {(Pages - 1) * 2,8} kB", lines);
    }

    [Fact]
    public void WhenPagesAreLockedThenTheyComeBack()
    {
        using var device = new TestSwapDevice(Pages);
        using Guest guest = PagedOut(FaultDesign.AreaSequence, device, privileged: true);
        guest.Space.MemoryLock(Guest.At(0), 10 * Page.Size);
        for (int page = 0; page < 10; page++) Assert.True(guest.EntryOf(page).IsPresent);
        Assert.Equal(AbsentKind.Swap, guest.EntryOf(10).Absent);
        Assert.Equal(10, guest.Memory.ReclaimStatistics.FreeSwapSlots);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenAUserProtectsPagesThenTheyComeBackProtected(bool whileOut)
    {
        using var device = new TestSwapDevice(Pages);
        using var guest = new Guest(swap: device);
        guest.Map(0, Pages);
        guest.Touch(0, Pages);
        var handler = new Unprotecting();
        guest.Space.TryRegisterUserFault(Guest.At(0), Pages * Page.Size, handler, UserFaultModes.WriteProtect);
        if (whileOut) guest.Advise(0, Pages, Advice.PageOut);
        Assert.Equal(Errno.None, guest.Space.TryUserFaultWriteProtect(Guest.At(0), Pages * Page.Size, protect: true));
        guest.Advise(0, Pages, Advice.PageOut);
        Assert.Equal(AbsentKind.Swap, guest.EntryOf(3).Absent);
        Assert.Equal(Guest.WordOf(3), guest.Cpu.Read<ulong>(Guest.At(3)));
        Assert.Equal(0, handler.Calls);
        guest.Cpu.Write(Guest.At(3), 1UL);
        guest.Cpu.Write(Guest.At(4), 1UL);
        Assert.Equal(2, handler.Calls);
        Assert.Equal((1UL, 1UL), (guest.Cpu.Read<ulong>(Guest.At(3)), guest.Cpu.Read<ulong>(Guest.At(4))));
    }

    private sealed class Unprotecting : UserFaultHandler
    {
        public int Calls { get; private set; }

        public override bool OnFault(in UserFault fault)
        {
            Calls++;
            return fault.Space.TryUserFaultWriteProtect(Page.Floor(fault.Address), Page.Size, protect: false) == Errno.None;
        }
    }

    /// <summary>A guest whose pages are all on the device.</summary>
    private static Guest PagedOut(FaultDesign design, SwapDevice device, bool privileged = false)
    {
        var guest = new Guest(design, swap: device, privileged: privileged);
        guest.Map(0, Pages);
        guest.Touch(0, Pages);
        long before = guest.FramesInUse;
        guest.Advise(0, Pages, Advice.PageOut);
        Assert.Equal(before - Pages, guest.FramesInUse);
        for (int page = 0; page < Pages; page++) Assert.Equal(AbsentKind.Swap, guest.EntryOf(page).Absent);
        return guest;
    }
}
