using Faultline.Diagnostics;
using Faultline.Physical;
using Faultline.Tests.Files;

namespace Faultline.Tests.Faults;

public class FileFaultTests
{
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTwoSpacesMapAFileThenTheyMapTheSameFrame(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new TestFile(guest.Memory);
        AddressSpace other = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(other);
        guest.Space.Map(Guest.At(0), 2 * Page.Size, Protection.ReadWrite, Guest.Shared, file, Page.Size);
        other.Map(Guest.At(7), Page.Size, Protection.Read, Guest.Shared, file, 2 * Page.Size);
        Assert.Equal((byte)2, guest.Cpu.Read<byte>(Guest.At(1)));
        Assert.Equal((byte)2, cpu.Read<byte>(Guest.At(7)));
        uint frame = guest.FrameOf(1);
        Assert.Equal(frame, guest.FrameOf(7, other));
        Assert.Equal((3u, 2u), (guest.Memory.Info(frame).Refs, guest.Memory.Info(frame).Maps));
        Assert.Equal(1, file.Reads);

        // A clean shared page is made writable by the first write, in place.
        Assert.Equal([FaultEvent.Reuse], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(1), (byte)77)));
        Assert.Equal((byte)77, cpu.Read<byte>(Guest.At(7)));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheFileEndsThenTheAccessIsABusErrorAndTheLastPageIsZeroBeyondTheEnd(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new TestFile(guest.Memory, length: Page.Size + 10);
        guest.Space.Map(Guest.At(0), 4 * Page.Size, Protection.Read, Guest.Private, file, 0);
        Assert.Equal((byte)1, guest.Cpu.Read<byte>(Guest.At(1) + 9));
        Assert.Equal((byte)0, guest.Cpu.Read<byte>(Guest.At(1) + 10));
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Cpu.Read<byte>(Guest.At(2))));
        Assert.Equal([FaultEvent.Signal], FaultRecord.Of(guest, () => guest.Cpu.Read<byte>(Guest.At(3))));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheFileCannotBeReadThenTheAccessIsABusErrorAndMayBeRetried(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new TestFile(guest.Memory) { OnRead = _ => throw new IOException("The disk is on fire.") };
        guest.Space.Map(Guest.At(0), Page.Size, Protection.Read, Guest.Private, file, 0);
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Cpu.Read<byte>(Guest.At(0))));
        file.OnRead = null;
        Assert.Equal((byte)0, guest.Cpu.Read<byte>(Guest.At(0)));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheFileIsClosedAndUnmappedThenItsPagesGoHome(FaultDesign design)
    {
        using var guest = new Guest(design);
        long used = guest.FramesInUse;
        using (var file = new TestFile(guest.Memory))
        {
            guest.Space.Map(Guest.At(0), 8 * Page.Size, Protection.ReadWrite, Guest.Shared, file, 0);
            for (int page = 0; page < 8; page++) guest.Cpu.Write(Guest.At(page), page);
        }

        Assert.True(guest.FramesInUse >= used + 8);
        guest.Unmap(0, 8);
        guest.Space.Graveyard.Release();
        Assert.Equal(used, guest.FramesInUse);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenNoFrameIsLeftForThePageThenTheAccessIsOutOfMemory(FaultDesign design)
    {
        using var guest = new Guest(design, frames: 32);
        using var file = new TestFile(guest.Memory);
        guest.Space.Map(Guest.At(0), Page.Size, Protection.Read, Guest.Private, file, 0);
        List<uint> taken = [];
        while (guest.Memory.Frames.TryAllocate() is var frame and not PhysicalMemory.NoFrame) taken.Add(frame);
        Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() => guest.Cpu.Read<byte>(Guest.At(0))));
        guest.Memory.Frames.Free([.. taken]);
        Assert.Equal((byte)0, guest.Cpu.Read<byte>(Guest.At(0)));
    }
}
