using Faultline.Diagnostics;
using Faultline.Physical;
using Faultline.Tests.Files;

namespace Faultline.Tests.Faults;

public class CopyOnWriteFaultTests
{
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAPageIsSharedWithAChildThenTheFirstWriterCopiesAndTheLastReuses(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        guest.Touch(0, 1);
        uint frame = guest.FrameOf(0);
        AddressSpace child = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(child);
        Assert.Equal([FaultEvent.Copy], FaultRecord.Of(guest, () => cpu.Write(Guest.At(0), 1L), child));
        Assert.NotEqual(frame, guest.FrameOf(0, child));
        Assert.Equal([FaultEvent.Reuse], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(0), 2L)));
        Assert.Equal(frame, guest.FrameOf(0));
        Assert.Equal(1u, guest.Memory.Info(frame).Refs);
        Assert.Equal((1L, 2L), (cpu.Read<long>(Guest.At(0)), guest.Cpu.Read<long>(Guest.At(0))));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenThreeProcessesShareAPageThenTwoCopiesAreMadeAndNoMore(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        guest.Touch(0, 1);
        AddressSpace[] all = [guest.Space, guest.Fork(), guest.Fork()];
        MemoryAccessor[] cpus = [.. all.Select(space => guest.NewCpu(space))];
        for (int i = 0; i < 3; i++) cpus[i].Write(Guest.At(0), (long)i);
        for (int i = 0; i < 3; i++) Assert.Equal(i, cpus[i].Read<long>(Guest.At(0)));
        Assert.Equal(2, all.Sum(space => space.FaultStatistics[FaultEvent.Copy]));
        Assert.Equal(1, all.Sum(space => space.FaultStatistics[FaultEvent.Reuse]));
        Assert.Equal(3, all.Select(space => guest.FrameOf(0, space)).Distinct().Count());
    }

    /// <summary>All contents come along, and the other accessors of the space, which read the old frame, read the new one.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAPageIsCopiedThenEveryAccessorOfTheSpaceFollows(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        byte[] contents = [.. Enumerable.Range(0, Page.Size).Select(i => (byte)(i * 13))];
        guest.Cpu.CopyFrom(contents, Guest.At(0));
        MemoryAccessor other = guest.NewCpu();
        AddressSpace child = guest.Fork();
        other.Read<byte>(Guest.At(0));
        guest.Cpu.Write(Guest.At(0) + 100, (byte)(contents[100] + 1));

        contents[100]++;
        byte[] found = new byte[Page.Size];
        other.CopyTo(Guest.At(0), found);
        Assert.Equal(contents, found);
        contents[100]--;
        guest.NewCpu(child).CopyTo(Guest.At(0), found);
        Assert.Equal(contents, found);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAPrivateFilePageIsWrittenThenTheFileKeepsItsOwn(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new TestFile(guest.Memory);
        guest.Space.Map(Guest.At(0), 4 * Page.Size, Protection.ReadWrite, Guest.Private, file, 0);
        Assert.Equal([FaultEvent.FilePage], FaultRecord.Of(guest, () => Assert.Equal(3, guest.Cpu.Read<byte>(Guest.At(3)))));
        Assert.Equal([FaultEvent.Copy], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(3), (byte)99)));

        // Written without having been read: copied at once.
        Assert.Equal([FaultEvent.Copy], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(2), (byte)98)));
        Assert.Equal((byte)2, guest.Cpu.Read<byte>(Guest.At(2) + 1));
        guest.Space.Map(Guest.At(8), 4 * Page.Size, Protection.Read, Guest.Shared, file, 0);
        Assert.Equal((byte)3, guest.Cpu.Read<byte>(Guest.At(11)));
        Assert.Equal((byte)2, guest.Cpu.Read<byte>(Guest.At(10)));

        // After DONTNEED the file shows through again.
        guest.Advise(0, 4, Advice.DontNeed);
        Assert.Equal((byte)3, guest.Cpu.Read<byte>(Guest.At(3)));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAChildUnmapsThenTheParentReusesItsPage(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        guest.Touch(0, 1);
        AddressSpace child = guest.Fork();
        child.Unmap(Guest.At(0), Page.Size);
        Assert.Equal([FaultEvent.Reuse], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(0), 1)));
        Assert.True(guest.Memory.Info(guest.FrameOf(0)).Is(FrameState.Exclusive));
    }
}
