using Faultline.Faults;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Tests.Paging;

public class PageOperationsMoveTests
{
    private const int TablePages = 512;
    private const int Target = 8 * TablePages;

    private static void Move(Guest guest, int from, int pages, int to) => guest.Space.Remap(
        Guest.At(from), (ulong)pages << Page.Shift, (ulong)pages << Page.Shift, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(to));

    /// <summary>Source and target may cut each other's tables anywhere.</summary>
    [Theory]
    [InlineData(FaultDesign.Classic, 0, Target)]
    [InlineData(FaultDesign.Classic, 100, Target + 300)]
    [InlineData(FaultDesign.AreaSequence, TablePages - 1, Target)]
    [InlineData(FaultDesign.AreaSequence, 0, Target + TablePages - 1)]
    [InlineData(FaultDesign.AreaSequence, Target + 300, 100)]
    public void WhenPagesMoveThenTheyKeepFrameContentsAndRights(FaultDesign design, int from, int to)
    {
        const int Pages = TablePages + 50;
        using var guest = new Guest(design);
        guest.Map(from, Pages);
        int[] touched = [from, from + 1, from + 49, from + 300, from + TablePages - 1, from + TablePages, from + Pages - 1];
        foreach (int page in touched) guest.Touch(page, 1);
        guest.Cpu.Read<int>(Guest.At(from + 7));
        Pte[] entries = [.. touched.Select(page => guest.EntryOf(page))];
        long pages = guest[Faultline.Diagnostics.FaultEvent.NewPage];

        Move(guest, from, Pages, to);
        for (int i = 0; i < touched.Length; i++)
        {
            int page = touched[i] - from + to;
            Assert.Equal(entries[i].With(Pte.SoftDirtyBit), guest.EntryOf(page));
            Assert.Equal(Guest.WordOf(touched[i]), guest.Cpu.Read<ulong>(Guest.At(page)));
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Read<ulong>(Guest.At(touched[i]))));
        }

        Assert.Equal(PhysicalMemory.ZeroFrame, guest.FrameOf(to + 7));
        Assert.Equal(pages, guest[Faultline.Diagnostics.FaultEvent.NewPage]);
    }

    [Fact]
    public void WhenTheSourceIsEmptyThenTheTargetNeedsNoTable()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Advise(0, 1, Advice.DontNeed);
        Move(guest, 0, 1, Target);

        // The root and two directories, which source and target share; the table of the source has gone with its area.
        Assert.Equal(3, HardwareWalker.CountTables(guest.Memory, guest.Space.PageTable.Root));
    }

    /// <summary>
    /// Race 11 of the catalogue: a fault validated its area before the move made it odd, holds the lock of a table counted empty, and has yet to install its page.
    /// </summary>
    [Fact]
    public void WhenAFaultIsAboutToInstallIntoAnEmptyTableThenTheMoveTakesItsPageAlong()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Advise(0, 1, Advice.DontNeed);
        var crew = new Crew();
        bool moved = false;

        // The fault's last steps, by hand.
        guest.Cpu.EnterSection();
        var fault = new FaultContext(guest.Space, guest.Cpu, Guest.At(0), AccessKind.Write);
        Assert.Equal(FaultStep.Continue, AreaSequenceDesign.Find(ref fault));
        fault.Walk = guest.Space.PageTable.Walk(Guest.At(0));
        Assert.Equal(FaultStep.Continue, FaultPipeline<AreaSequenceDesign>.Lock(ref fault));
        crew.Start(() =>
        {
            Move(guest, 0, 1, Target);
            Volatile.Write(ref moved, true);
        });
        Wait.Until(() => guest.Space.Areas.Find(Guest.At(Target)) is not null, "The move never began.");
        Thread.Sleep(20);
        Assert.False(Volatile.Read(ref moved), "The move passed a table whose lock is held.");
        uint frame = guest.Memory.Frames.TryAllocate();
        guest.Memory.Contents(frame).Fill(0x5a);
        FrameReferences.BirthAnonymous(ref guest.Memory.Info(frame), fault.Area.PageIndex(fault.Address), family: 0);
        Pte entry = Pte.ForPage(frame, PteRights.ReadOnly(fault.Area) | PteRights.Written);
        FaultPipeline<AreaSequenceDesign>.Install(ref fault, entry, Faultline.Diagnostics.FaultEvent.NewPage);
        guest.Cpu.LeaveSection();

        crew.Join();
        Assert.Equal(0x5a5a5a5a, guest.Cpu.Read<int>(Guest.At(Target)));
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Read<int>(Guest.At(0))));
    }

    /// <summary>Half-way without a frame for a table: everything is back, and no table stays at the target.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenFramesRunOutDuringAMoveThenAllIsAsBefore(FaultDesign design)
    {
        const int Pages = 3 * TablePages;
        using var guest = new Guest(design, frames: 64);
        guest.Map(0, Pages);
        for (int table = 0; table < 3; table++) guest.Touch(table * TablePages, 1);
        string areas = guest.Space.Maps();
        long used = guest.FramesInUse;

        // Room for the directories and one table of the target, not for all three.
        uint[] taken = TakeAllBut(guest, 3);
        Assert.Equal(Errno.ENOMEM, guest.Space.TryRemap(
            Guest.At(0), Pages << Page.Shift, Pages << Page.Shift, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(TablePages * TablePages), out _));
        guest.Memory.Frames.Free(taken);

        Assert.Equal(areas, guest.Space.Maps());
        for (int table = 0; table < 3; table++) Assert.Equal(Guest.WordOf(table * TablePages), guest.Cpu.Read<ulong>(Guest.At(table * TablePages)));
        guest.Space.Graveyard.Release();
        Assert.Equal(used, guest.FramesInUse);

        // And with frames it goes.
        Move(guest, 0, Pages, TablePages * TablePages);
        Assert.Equal(Guest.WordOf(0), guest.Cpu.Read<ulong>(Guest.At(TablePages * TablePages)));
    }

    private static uint[] TakeAllBut(Guest guest, int left)
    {
        List<uint> taken = [];
        while (guest.Memory.Frames.TryAllocate() is var frame and not 0) taken.Add(frame);
        guest.Memory.Frames.Free([.. taken.TakeLast(left)]);
        return [.. taken.SkipLast(left)];
    }
}
