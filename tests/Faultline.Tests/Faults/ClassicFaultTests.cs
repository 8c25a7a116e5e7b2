using Faultline.Diagnostics;
using Faultline.Faults;

namespace Faultline.Tests.Faults;

public class ClassicFaultTests
{
    private const MapFlags Stack = MapFlags.Private | MapFlags.Fixed | MapFlags.GrowsDown;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenNothingIsMappedThenTheSignalIsMapErr(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(1, 1);
        foreach (ulong address in new[] { 0UL, Guest.At(0), Guest.At(2), 0x7fff_ffff_f000UL, 1UL << 47, 1UL << 63, ulong.MaxValue })
        {
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Read<byte>(address)));
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Write<byte>(address, 1)));
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Fetch<byte>(address)));
        }

        Assert.Equal([FaultEvent.Signal], FaultRecord.Of(guest, () => guest.Cpu.Read<byte>(Guest.At(0))));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheRightsForbidTheAccessThenTheSignalIsAccErrWithAndWithoutAPage(FaultDesign design)
    {
        using var guest = new Guest(design);
        foreach (int rights in Enumerable.Range(0, 8))
        {
            foreach (bool touched in new[] { false, true })
            {
                guest.Map(0, 1);
                if (touched) guest.Touch(0, 1);
                guest.Protect(0, 1, (Protection)rights);
                AssertSignal(rights != 0, () => guest.Cpu.Read<byte>(Guest.At(0)));
                AssertSignal((rights & 2) != 0, () => guest.Cpu.Write<byte>(Guest.At(0), 1));
                AssertSignal((rights & 4) != 0, () => guest.Cpu.Fetch<byte>(Guest.At(0)));
            }
        }
    }

    private static void AssertSignal(bool permitted, Action access)
    {
        if (permitted) access();
        else Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(access));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAnAccessIsBelowAStackThenItGrowsDownToIt(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(1000, 2, Protection.ReadWrite, Stack);
        guest.Touch(1000, 2);
        Assert.Equal([FaultEvent.NewPage, FaultEvent.StackGrowth], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(990) + 40, 1)));
        Assert.Equal(Guest.At(990), Assert.Single(guest.Space.ListAreas()).Start);
        Assert.Equal([FaultEvent.ZeroPage], FaultRecord.Of(guest, () => guest.Cpu.Read<int>(Guest.At(995))));

        // What was there stays, under the area that replaced the stack's.
        Assert.Equal(Guest.WordOf(1001), guest.Cpu.Read<ulong>(Guest.At(1001)));
        guest.Touch(1000, 1);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAStackWouldComeTooNearToAnotherMappingThenTheAccessIsASignal(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        guest.Map(1000, 1, Protection.ReadWrite, Stack);
        guest.Cpu.Write(Guest.At(257), 1);
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Write(Guest.At(256), 1)));
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Read<int>(Guest.At(1))));
        Assert.Equal(1, guest[FaultEvent.StackGrowth]);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenThreadsGrowTheSameStackThenAllArrive(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(1000, 1, Protection.ReadWrite, Stack);
        var crew = new Crew();
        for (int thread = 0; thread < 3; thread++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            int first = thread;
            crew.Start(() =>
            {
                for (int page = 999 - first; page > 300; page -= 3) cpu.Write(Guest.At(page), page);
            });
        }

        crew.Join();
        for (int page = 301; page < 1000; page++) Assert.Equal(page, guest.Cpu.Read<int>(Guest.At(page)));
    }

    /// <summary>A fault that a call makes has no accessor: it takes the lock, fills no TLB and counts nothing.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenACallPopulatesThenThePageIsThereBeforeTheFirstAccess(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 2);
        guest.Protect(1, 1, Protection.Read);
        Assert.Equal(FaultSignal.None, FaultHandler.Populate(guest.Space, Guest.At(0), AccessKind.Write));
        Assert.Equal(FaultSignal.None, FaultHandler.Populate(guest.Space, Guest.At(1), AccessKind.Read));
        Assert.Equal(FaultSignal.NotPermitted, FaultHandler.Populate(guest.Space, Guest.At(1), AccessKind.Write));
        Assert.Equal(FaultSignal.NotMapped, FaultHandler.Populate(guest.Space, Guest.At(2), AccessKind.Read));
        Assert.Equal([FaultEvent.Refill], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(0), 1)));
        Assert.Equal([FaultEvent.Refill], FaultRecord.Of(guest, () => guest.Cpu.Read<int>(Guest.At(1))));
    }

    [Fact]
    public void WhenTheDesignIsClassicThenNothingIsSpeculative()
    {
        using var guest = new Guest(FaultDesign.Classic);
        guest.Map(0, 10);
        guest.Touch(0, 10);
        Assert.Equal((10, 0, 0), (guest[FaultEvent.Classic], guest[FaultEvent.Speculative], guest[FaultEvent.Attempt]));
    }
}
