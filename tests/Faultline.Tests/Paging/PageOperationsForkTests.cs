using Faultline.Diagnostics;
using Faultline.Physical;

namespace Faultline.Tests.Paging;

public class PageOperationsForkTests
{
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenASpaceIsForkedThenBothSidesShareTheFrameReadOnlyAndNoLongerExclusively(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 2);
        guest.Touch(0, 1);
        guest.Cpu.Read<int>(Guest.At(1));
        uint frame = guest.FrameOf(0);
        Assert.True(guest.Memory.Info(frame).Is(FrameState.Anonymous | FrameState.Exclusive));
        AddressSpace child = guest.Fork();

        ref FrameInfo info = ref guest.Memory.Info(frame);
        Assert.Equal((2u, 2u, false), (info.Refs, info.Maps, info.Is(FrameState.Exclusive)));
        Assert.True(guest.EntryOf(0) is { IsWritable: false, IsDirty: true });
        Assert.True(guest.EntryOf(0, child) is { IsWritable: false, IsAccessed: false } entry && entry.Frame == frame);
        Assert.Equal(PhysicalMemory.ZeroFrame, guest.FrameOf(1, child));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenEitherSideWritesThenTheOtherDoesNotSeeIt(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 4);
        guest.Touch(0, 3);
        AddressSpace child = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(child);
        guest.Cpu.Write(Guest.At(0), 1L);
        cpu.Write(Guest.At(1), 2L);
        guest.Cpu.Write(Guest.At(3), 3L);

        Assert.Equal((long)Guest.WordOf(0), cpu.Read<long>(Guest.At(0)));
        Assert.Equal((long)Guest.WordOf(1), guest.Cpu.Read<long>(Guest.At(1)));
        Assert.Equal(0L, cpu.Read<long>(Guest.At(3)));
        Assert.Equal(guest.FrameOf(2), guest.FrameOf(2, child));
        Assert.Equal((1, 1), (guest[FaultEvent.Copy], child.FaultStatistics[FaultEvent.Copy]));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheChildHasGoneThenTheParentWritesInPlace(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 2);
        guest.Touch(0, 2);
        uint frame = guest.FrameOf(0);
        using (AddressSpace child = guest.Space.Fork())
        {
        }

        guest.Cpu.Write(Guest.At(0), 1L);
        Assert.Equal(frame, guest.FrameOf(0));
        Assert.True(guest.Memory.Info(frame).Is(FrameState.Exclusive));
        Assert.Equal((0, 1), (guest[FaultEvent.Copy], guest[FaultEvent.Reuse]));

        // And it is the parent's alone: the next protection round trip leaves it writable.
        guest.Protect(0, 2, Protection.Read);
        guest.Protect(0, 2, Protection.ReadWrite);
        Assert.True(guest.EntryOf(0).IsWritable);
        Assert.False(guest.EntryOf(1).IsWritable);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenMemoryIsSharedThenBothSidesSeeAllWrites(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 2, Protection.ReadWrite, Guest.Shared);
        guest.Touch(0, 1);
        AddressSpace child = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(child);
        Assert.Equal(Guest.WordOf(0), cpu.Read<ulong>(Guest.At(0)));
        cpu.Write(Guest.At(1), 5L);
        Assert.Equal(5L, guest.Cpu.Read<long>(Guest.At(1)));
        guest.Cpu.Write(Guest.At(0), 6L);
        Assert.Equal(6L, cpu.Read<long>(Guest.At(0)));
        Assert.Equal(0, guest[FaultEvent.Copy] + child.FaultStatistics[FaultEvent.Copy]);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAPageMayNotBeAccessedThenItIsSharedAllTheSame(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        guest.Touch(0, 1);
        guest.Protect(0, 1, Protection.None);
        AddressSpace child = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(child);
        guest.Protect(0, 1, Protection.ReadWrite);
        Assert.False(guest.EntryOf(0).IsWritable);
        guest.Cpu.Write(Guest.At(0), 1L);
        Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => cpu.Read<int>(Guest.At(0))));
        child.Protect(Guest.At(0), Page.Size, Protection.Read);
        Assert.Equal(Guest.WordOf(0), cpu.Read<ulong>(Guest.At(0)));
    }

    /// <summary>Any number of frames short: the parent keeps all, and what the child had got comes back.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenFramesRunOutDuringAForkThenTheParentHasLostNothing(FaultDesign design)
    {
        const int TablePages = 512, Areas = 4;
        bool succeeded = false;
        for (int left = 0; !succeeded; left++)
        {
            using var guest = new Guest(design, frames: 64);
            for (int i = 0; i < Areas; i++)
            {
                guest.Map(i * 2 * TablePages, 1);
                guest.Touch(i * 2 * TablePages, 1);
            }

            long used = guest.FramesInUse;
            List<uint> taken = [];
            while (guest.Memory.Frames.TryAllocate() is var frame and not 0) taken.Add(frame);
            guest.Memory.Frames.Free([.. taken.TakeLast(left)]);
            Errno error = guest.Space.TryFork(out AddressSpace? child);
            succeeded = error == Errno.None;
            Assert.True(succeeded || error == Errno.ENOMEM);
            child?.Dispose();
            guest.Memory.Frames.Free([.. taken.SkipLast(left)]);

            Assert.Equal(used, guest.FramesInUse);
            for (int i = 0; i < Areas; i++)
            {
                Assert.Equal(Guest.WordOf(i * 2 * TablePages), guest.Cpu.Read<ulong>(Guest.At(i * 2 * TablePages)));
                guest.Touch(i * 2 * TablePages, 1);
            }

            Assert.Equal(0, guest[FaultEvent.Copy]);
        }
    }
}
