using Faultline.Diagnostics;
using Faultline.Paging;
using Faultline.Physical;

namespace Faultline.Tests.Faults;

public class AnonymousFaultTests
{
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenFreshMemoryIsReadThenTheZeroPageIsMappedAndNoFrameTaken(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 2);
        guest.Cpu.Read<int>(Guest.At(1));
        long used = guest.FramesInUse;
        Assert.Equal([FaultEvent.ZeroPage], FaultRecord.Of(guest, () => Assert.Equal(0L, guest.Cpu.Read<long>(Guest.At(0)))));
        Assert.Equal(used, guest.FramesInUse);
        Pte entry = guest.EntryOf(0);
        Assert.Equal(PhysicalMemory.ZeroFrame, entry.Frame);
        Assert.True(entry is { IsPresent: true, IsWritable: false, IsSpecial: true, IsAccessed: true, IsDirty: false });
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenThereIsNoZeroPageThenAReadTakesAFrameThatTheNextWriteFinds(FaultDesign design)
    {
        using var guest = new Guest(design, zeroPage: false);
        guest.Map(0, 1);
        guest.Map(2, 1, Protection.Read);
        Assert.Equal([FaultEvent.NewPage], FaultRecord.Of(guest, () => Assert.Equal(0L, guest.Cpu.Read<long>(Guest.At(0)))));
        Assert.True(guest.EntryOf(0) is { IsPresent: true, IsWritable: true, IsSpecial: false, IsDirty: true });
        Assert.Empty(FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(0), 1)));

        // Where nothing can be written the page is clean, and no fault can make it writable.
        Assert.Equal([FaultEvent.NewPage], FaultRecord.Of(guest, () => Assert.Equal(0L, guest.Cpu.Read<long>(Guest.At(2)))));
        Assert.True(guest.EntryOf(2) is { IsPresent: true, IsWritable: false, IsSpecial: false, IsAccessed: true, IsDirty: false });
        Assert.Throws<MemoryFaultException>(() => guest.Cpu.Write(Guest.At(2), 1));
        Assert.NotEqual(guest.FrameOf(0), guest.FrameOf(2));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenFreshMemoryIsWrittenThenItGetsAZeroedFrameOfItsOwn(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        Assert.Equal([FaultEvent.NewPage], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(0) + 8, 5L)));
        Pte entry = guest.EntryOf(0);
        Assert.True(entry is { IsPresent: true, IsWritable: true, IsAccessed: true, IsDirty: true, IsSpecial: false, IsExecutable: false });
        ref FrameInfo frame = ref guest.Memory.Info(entry.Frame);
        Assert.Equal((1u, 1u, FrameState.Anonymous | FrameState.Exclusive), (frame.Refs, frame.Maps, frame.State));
        Assert.Equal(Guest.At(0) >> Page.Shift, frame.OwnerIndex);

        // Debug builds poison free frames: the zeroes are the fault's work.
        byte[] contents = new byte[Page.Size];
        guest.Cpu.CopyTo(Guest.At(0), contents);
        Assert.Equal(5, Assert.Single(contents, value => value != 0));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenZeroesAreReadFirstAndThenWrittenThenThePageIsCopiedOnceAndOtherReadersSeeIt(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        MemoryAccessor other = guest.NewCpu();
        Assert.Equal(0, guest.Cpu.Read<int>(Guest.At(0)));
        Assert.Equal(0, other.Read<int>(Guest.At(0)));
        Assert.Equal([FaultEvent.Copy], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(0), 7)));

        // Not from the zero page, whose translation it held.
        Assert.Equal([FaultEvent.Refill], FaultRecord.Of(guest, () => Assert.Equal(7, other.Read<int>(Guest.At(0)))));
        Assert.True(guest.Memory.Contents(PhysicalMemory.ZeroFrame).IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenInstructionsAreFetchedFromFreshMemoryThenTheyAreZeroes(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1, Protection.Read | Protection.Execute);
        Assert.Equal([FaultEvent.ZeroPage], FaultRecord.Of(guest, () => Assert.Equal(0, guest.Cpu.Fetch<int>(Guest.At(0)))));
        Assert.True(guest.EntryOf(0).IsExecutable);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenMemoryIsWrittenSequentiallyThenItsFramesAscend(FaultDesign design)
    {
        const int Pages = 200;
        using var guest = new Guest(design);
        guest.Map(0, Pages);
        guest.Touch(0, Pages);
        int ascending = Enumerable.Range(1, Pages - 1).Count(page => guest.FrameOf(page) == guest.FrameOf(page - 1) + 1);
        Assert.True(ascending > Pages * 9 / 10, $"Only {ascending} of {Pages} frames follow their predecessor.");
    }
}
