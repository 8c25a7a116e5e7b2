using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Paging;
using Faultline.Tests.Faults;
using Faultline.Tests.Stress;

namespace Faultline.Tests.Paging;

/// <summary>Entries without a page: pages on their way to another frame, and pages lost to hardware errors.</summary>
public class PageOperationsReplaceTests
{
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesAreMigratedThenTheyKeepContentsAndRightsInOtherFrames(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(510, 4);
        guest.Touch(510, 4);
        guest.Protect(512, 1, Protection.Read);
        uint[] before = [.. Enumerable.Range(510, 4).Select(page => guest.FrameOf(page))];
        Assert.Equal(Errno.None, guest.Space.TryMigrate(Guest.At(500), 20 * Page.Size, out int moved));
        Assert.Equal(4, moved);
        for (int page = 510; page < 514; page++) Assert.NotEqual(before[page - 510], guest.FrameOf(page));
        for (int page = 510; page < 514; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
        Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.Write(Guest.At(512), 1)));
        Assert.Empty(FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(511), 1)).Except([FaultEvent.Refill]));
    }

    [Fact]
    public void WhenOthersHoldAPageThenItStaysWhereItIs()
    {
        using var guest = new Guest();
        guest.Map(0, 3);
        guest.Map(3, 1, Protection.ReadWrite, Guest.Shared);
        guest.Touch(0, 1);
        guest.Touch(3, 1);
        guest.Cpu.Read<int>(Guest.At(1));
        guest.Fork();
        Assert.Equal(Errno.None, guest.Space.TryMigrate(Guest.At(0), 4 * Page.Size, out int moved));
        Assert.Equal(0, moved);
        Assert.Equal(Errno.EINVAL, guest.Space.TryMigrate(Guest.At(0) + 1, 1, out _));
    }

    /// <summary>The speculative path names the reason and leaves the page to the classic one, which waits for it, and for nothing else.</summary>
    /// <summary>64 TiB, page by page, would take hours.</summary>
    [Fact]
    public void WhenAHugeAreaHasAFewPagesThenOnlyTheyAreLookedAt()
    {
        const ulong Size = 1UL << 46, Apart = Size / 2;
        using var guest = new Guest();
        ulong start = guest.Space.Map(0, Size, Protection.ReadWrite, MapFlags.Private | MapFlags.NoReserve);
        guest.Cpu.Write(start, 1);
        guest.Cpu.Write(start + Apart, 2);
        guest.Cpu.Write(start + Size - sizeof(int), 3);
        Assert.Equal(Errno.None, guest.Space.TryMigrate(start, Size, out int moved));
        Assert.Equal(3, moved);
        Assert.Equal((1, 2, 3), (guest.Cpu.Read<int>(start), guest.Cpu.Read<int>(start + Apart), guest.Cpu.Read<int>(start + Size - sizeof(int))));
    }

    [Fact]
    public void WhenAPageIsOnItsWayThenOnlyTheClassicPathWaits()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        uint frame = guest.FrameOf(0);
        ref ulong entry = ref guest.Space.PageTable.Walk(Guest.At(0)).Entry;
        ulong present = entry;
        entry = Pte.ForAbsent(AbsentKind.Migration, frame).Value;
        guest.Cpu.Tlb.Clear();
        var crew = new Crew();
        MemoryAccessor other = guest.NewCpu();
        crew.Start(() => Assert.Equal(Guest.WordOf(0), other.Read<ulong>(Guest.At(0))));
        Wait.Until(() => guest[SpeculationAbort.PageAbsent] == 1, "The fault never met the entry.");

        // A writer gets the lock although the fault waits.
        guest.Map(8, 1);
        Volatile.Write(ref guest.Space.PageTable.Walk(Guest.At(0)).Entry, present);
        crew.Join();
        Assert.Equal((1, 1), (guest[FaultEvent.Classic], guest[SpeculationAbort.PageAbsent]));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesAreMigratedBesideAccessesAndDropsThenNoWriteIsLost(FaultDesign design)
    {
        using var guest = new Guest(design);
        var world = new StressWorld(guest, pages: 8, stride: 1);
        world.MapAll();
        var crew = new Crew();
        for (int i = 0; i < 2; i++)
        {
            var writer = new StressWorld.Writer(world, guest.NewCpu(), i, new Random(i));
            crew.StartLoop(_ => writer.Step());
        }

        long moved = 0;
        crew.StartLoop(_ =>
        {
            Assert.Equal(Errno.None, guest.Space.TryMigrate(Guest.At(0), 8 * Page.Size, out int now));
            moved += now;
        });
        crew.StartLoop(round =>
        {
            world.Drop(round % 8, 1);
            Thread.SpinWait(2000);
        });
        crew.RunFor(StressTime.OfOneTest);
        Assert.True(moved > 0, "Nothing was ever moved.");
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAPageIsPoisonedThenEveryAccessIsItsSignalUntilThePageIsDropped(FaultDesign design)
    {
        using var guest = new Guest(design, privileged: true);
        guest.Map(0, 3);
        guest.Touch(0, 3);
        guest.Advise(1, 1, Advice.HardwarePoison);
        Assert.Equal(1, guest.Memory.PoisonedFrames);
        foreach (Action access in new Action[] { () => guest.Cpu.Read<int>(Guest.At(1)), () => guest.Cpu.Write(Guest.At(1), 1), () => guest.Cpu.Exchange(Guest.At(1), 1) })
            Assert.Equal(FaultSignal.HardwarePoison, Guest.SignalOf(access));
        Assert.Equal(design == FaultDesign.Classic ? 0 : 3, guest[SpeculationAbort.PageAbsent]);
        Assert.Equal(Errno.EHWPOISON, guest.Space.TryAdvise(Guest.At(0), 3 * Page.Size, Advice.PopulateRead));
        Assert.Equal(Guest.WordOf(2), guest.Cpu.Read<ulong>(Guest.At(2)));

        // Lost for a child too, and where it is moved to; rights change nothing.
        AddressSpace child = guest.Fork();
        Assert.Equal(FaultSignal.HardwarePoison, Guest.SignalOf(() => guest.NewCpu(child).Read<int>(Guest.At(1))));
        guest.Protect(0, 3, Protection.Read);
        guest.Space.Remap(Guest.At(0), 3 * Page.Size, 3 * Page.Size, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(600));
        Assert.Equal(FaultSignal.HardwarePoison, Guest.SignalOf(() => guest.Cpu.Read<int>(Guest.At(601))));

        guest.Advise(601, 1, Advice.DontNeed);
        Assert.Equal(0, guest.Cpu.Read<int>(Guest.At(601)));
    }

    [Fact]
    public void WhenPoisonIsRefusedThenNothingIsLost()
    {
        using var guest = new Guest(privileged: true);
        guest.Map(0, 2);
        Assert.Equal(Errno.EBUSY, guest.Space.TryAdvise(Guest.At(0), Page.Size, Advice.HardwarePoison));
        Assert.Equal(Errno.EFAULT, guest.Space.TryAdvise(Guest.At(2), Page.Size, Advice.HardwarePoison));
        Assert.Equal(0, guest.Memory.PoisonedFrames);
        using var plain = new Guest();
        Assert.Equal(Errno.EPERM, plain.Space.TryAdvise(Guest.At(0), Page.Size, Advice.HardwarePoison));
    }
}
