using Faultline.Diagnostics;
using Faultline.Faults;
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

    [Theory]
    [ClassData(typeof(Designs))]
    public void ReadingACachedPageTakesNoReferenceToTheFileAndOneForItsEntry(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new TestFile(guest.Memory);
        guest.Space.Map(Guest.At(0), Page.Size, Protection.Read, Guest.Private, file, 0);
        guest.Space.Map(Guest.At(600), Page.Size, Protection.ReadWrite, Guest.Shared, file, 0);
        Assert.Equal((byte)0, guest.Cpu.Read<byte>(Guest.At(0)));
        guest.Cpu.Write(Guest.At(600), (byte)5);
        FrameInfo frame = guest.Memory.Info(guest.FrameOf(0));
        Assert.Equal((3u, 2u), (frame.Refs, frame.Maps));
        Assert.Equal((byte)5, guest.Cpu.Read<byte>(Guest.At(0)));
        Assert.Equal(1, file.Reads);
        bool speculates = design != FaultDesign.Classic;
        Assert.Equal(speculates ? (2, 0) : (0, 2), (guest[FaultEvent.Speculative], guest[FaultEvent.Classic]));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAPrivateAreaIsWrittenThenItsCopyLeavesTheFileAlone(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new TestFile(guest.Memory);
        guest.Space.Map(Guest.At(0), 2 * Page.Size, Protection.ReadWrite, Guest.Private, file, 3 * Page.Size);
        Assert.Equal([FaultEvent.Copy], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(0), (byte)77)));
        Assert.Equal((byte)4, guest.Cpu.Read<byte>(Guest.At(1)));
        Assert.Equal([FaultEvent.Copy], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(1), (byte)78)));
        Assert.Equal(((byte)77, (byte)3), (guest.Cpu.Read<byte>(Guest.At(0)), guest.Cpu.Read<byte>(Guest.At(0) + 1)));
        Assert.Equal(((byte)78, (byte)4), (guest.Cpu.Read<byte>(Guest.At(1)), guest.Cpu.Read<byte>(Guest.At(1) + 1)));
        Assert.True(file.Cache.TryLookup(3, out uint cached));
        Assert.False(guest.Memory.Contents(cached).ContainsAnyExcept((byte)3));
    }

    [Fact]
    public void WhenAFileDoesNotOptInThenItsFaultsAreClassicAndSayWhy()
    {
        using var guest = new Guest();
        using var file = new TestFile(guest.Memory) { OptsIn = false };
        guest.Space.Map(Guest.At(0), 2 * Page.Size, Protection.ReadWrite, Guest.Private, file, 0);

        // The first finds out in its attempt, the second knows before; then one on other memory, and a file's again.
        for (int page = 0; page < 2; page++)
        {
            guest.Cpu.Write(Guest.At(page), (byte)7);
            Assert.Equal((page + 1, page + 1), (guest[FaultEvent.Classic], guest[SpeculationAbort.NotSupported]));
        }

        guest.Map(4, 1);
        guest.Touch(4, 1);
        Assert.Equal((3, 2, 1), (guest[FaultEvent.Attempt], guest[FaultEvent.Fallback], guest[FaultEvent.Speculative]));
    }

    /// <summary>The shortest way to the classic path leaves out nothing: the area used last is not the area any more.</summary>
    [Fact]
    public void WhenTheAreaUsedLastDidNotOptInAndIsReplacedThenItsSuccessorServesTheFault()
    {
        using var guest = new Guest();
        using var file = new TestFile(guest.Memory) { OptsIn = false };
        guest.Space.Map(Guest.At(0), 2 * Page.Size, Protection.ReadWrite, Guest.Private, file, 0);
        guest.Cpu.Write(Guest.At(0), (byte)7);
        guest.Map(1, 1);
        Assert.Equal([FaultEvent.NewPage], FaultRecord.Of(guest, () => guest.Cpu.Write(Guest.At(1), (byte)7)));
        guest.Protect(0, 1, Protection.Read);
        Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.Write(Guest.At(0), (byte)8)));
        guest.Unmap(0, 1);
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Write(Guest.At(0), (byte)8)));
    }

    /// <summary>What the review asked about: unmap does not wait for the fault, and what the fault waited for is never mapped.</summary>
    [Fact]
    public void WhenUnmapReturnsWhileAFaultWaitsThenThePageIsNeverMappedAndTheFileClosesAfterwards()
    {
        using var guest = new Guest();
        using var reading = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        var file = new TestFile(guest.Memory)
        {
            OnRead = _ =>
            {
                reading.Set();
                finish.Wait();
            },
        };
        guest.Space.Map(Guest.At(0), Page.Size, Protection.Read, Guest.Private, file, 0);
        MemoryAccessor cpu = guest.NewCpu();
        var crew = new Crew();
        crew.Start(() => Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => cpu.Read<byte>(Guest.At(0)))));
        reading.Wait();
        guest.Unmap(0, 1);
        file.Dispose();
        Assert.False(file.IsReleased);
        guest.Map(0, 1);
        guest.Protect(0, 1, Protection.None);
        guest.Unmap(0, 1);
        finish.Set();
        crew.Join();
        Assert.True(file.IsReleased);
        Assert.Equal((0, 1), (guest[FaultEvent.FilePage], guest[SpeculationAbort.NoArea]));
    }

    [Fact]
    public void WhenAnotherMappingTakesThePlaceOfAWaitingFaultsFileThenTheFaultIsServedFromIt()
    {
        using var guest = new Guest();
        using var reading = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        using var file = new TestFile(guest.Memory)
        {
            OnRead = _ =>
            {
                reading.Set();
                finish.Wait();
            },
        };
        guest.Space.Map(Guest.At(0), Page.Size, Protection.Read, Guest.Private, file, 7 * Page.Size);
        MemoryAccessor cpu = guest.NewCpu();
        var crew = new Crew();
        crew.Start(() => Assert.Equal((byte)0, cpu.Read<byte>(Guest.At(0))));
        reading.Wait();
        guest.Map(0, 1);
        finish.Set();
        crew.Join();
        Assert.Equal((1, 0, 1), (guest[FaultEvent.ZeroPage], guest[FaultEvent.FilePage], guest[FaultEvent.Speculative]));
    }

    /// <summary>The race of <see cref="FileFault{TDesign}"/>: files come and go under threads that fault on them, in two spaces.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenFilesAreUnmappedAndReleasedUnderFaultsThenEveryAccessSeesAPageOfItsMapping(FaultDesign design)
    {
        using var guest = new Guest(design, frames: 512);
        AddressSpace other = guest.Fork();
        var crew = new Crew();
        foreach (AddressSpace space in new[] { guest.Space, other })
        {
            MemoryAccessor reader = guest.NewCpu(space), writer = guest.NewCpu(space);
            crew.StartLoop(round => AssertSeen(() => reader.Read<byte>(Guest.At(round % 4)), round % 4));
            crew.StartLoop(round => AssertSeen(() =>
            {
                writer.Write(Guest.At(round % 4) + 8, (byte)round);
                return writer.Read<byte>(Guest.At(round % 4));
            }, round % 4));
        }

        crew.StartLoop(_ =>
        {
            using var file = new TestFile(guest.Memory);
            other.Map(Guest.At(0), 4 * Page.Size, Protection.ReadWrite, Guest.Private, file, 0);
            guest.Space.Map(Guest.At(0), 4 * Page.Size, Protection.ReadWrite, Guest.Private, file, 0);
            guest.Cpu.Read<byte>(Guest.At(0));
            other.Unmap(Guest.At(0), 4 * Page.Size);
            guest.Space.Unmap(Guest.At(0), 4 * Page.Size);
        });
        crew.RunFor(TimeSpan.FromMilliseconds(400));

        static void AssertSeen(Func<byte> access, int page)
        {
            try
            {
                Assert.Equal(page, access());
            }
            catch (MemoryFaultException exception)
            {
                Assert.Equal(FaultSignal.NotMapped, exception.Signal);
            }
        }
    }
}
