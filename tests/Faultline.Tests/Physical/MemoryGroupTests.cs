using Faultline.Physical;
using Faultline.Tests.Files;
using Faultline.Tests.Stress;
using Faultline.Tests.Swap;

namespace Faultline.Tests.Physical;

/// <summary>Each guest's end checks that nothing is charged any more.</summary>
public class MemoryGroupTests
{
    /// <summary>A root, two directories and one table map the pages from page 0 on.</summary>
    private const int Tables = 4;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenTheLimitIsReachedThenFaultsSaySoUntilMemoryIsFreed(FaultDesign design)
    {
        const int Limit = 100;
        using var guest = new Guest(design, frames: 1000, limit: Limit);
        guest.Map(0, 200);
        for (int round = 0; round < 3; round++)
        {
            int page = 0;
            long refusals = guest.Group!.Refusals;
            Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() =>
            {
                for (; page < 200; page++) guest.Touch(page, 1);
            }));
            Assert.Equal((Limit - Tables, (long)Limit), (page, guest.Group.UsedFrames));
            Assert.True(guest.Group.Refusals > refusals);

            // What needs no frame goes on, and one page dropped is one page to be had.
            Assert.Equal(0UL, guest.Cpu.Read<ulong>(Guest.At(page)));
            Assert.Equal(Guest.WordOf(5), guest.Cpu.Read<ulong>(Guest.At(5)));
            guest.Advise(0, 1, Advice.DontNeed);
            guest.Touch(page, 1);
            Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() => guest.Touch(0, 1)));
            guest.Advise(0, 200, Advice.DontNeed);
        }
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAGroupIsAtItsLimitThenOthersDoNotNotice(FaultDesign design)
    {
        using var guest = new Guest(design, frames: 1000, limit: 50);
        using var other = new AddressSpace(guest.Memory, new AddressSpaceOptions { Design = design });
        using MemoryAccessor cpu = other.CreateAccessor();
        guest.Map(0, 200);
        Guest.SignalOf(() => guest.Touch(0, 200));
        ulong start = other.Map(0, 500 * Page.Size, Protection.ReadWrite, MapFlags.Private);
        for (ulong i = 0; i < 500; i++) cpu.Write(start + (i << Page.Shift), i);
        Assert.Equal(50, guest.Group!.UsedFrames);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAGroupIsAtItsLimitThenItsOwnPagesAndOnlyThoseGoToTheSwapDevice(FaultDesign design)
    {
        const int Limit = 100, Others = 500, Pages = 300;
        using var device = new TestSwapDevice(2 * Pages);
        using var guest = new Guest(design, frames: 1000, limit: Limit, swap: device);
        using var other = new AddressSpace(guest.Memory, new AddressSpaceOptions { Design = design });
        using MemoryAccessor cpu = other.CreateAccessor();
        ulong start = other.Map(0, Others * Page.Size, Protection.ReadWrite, MapFlags.Private);
        for (ulong i = 0; i < Others; i++) cpu.Write(start + (i << Page.Shift), i);
        guest.Map(0, Pages);
        guest.Touch(0, Pages);
        for (int page = 0; page < Pages; page++) Assert.Equal(Guest.WordOf(page), guest.Cpu.Read<ulong>(Guest.At(page)));
        Assert.InRange(guest.Group!.UsedFrames, 1, Limit);
        Assert.Equal(0, guest.Group.Refusals);
        byte[] residency = new byte[Others];
        other.MinCore(start, Others * Page.Size, residency);
        Assert.Equal(Others, residency.Sum(here => here));
    }

    /// <summary>What accessors hold ready is charged too, but nobody fails for it.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenIdleAccessorsOfTheGroupHoldFramesThenTheyAreUsedFirst(FaultDesign design)
    {
        const int Limit = 200;
        using var guest = new Guest(design, frames: 1000, limit: Limit);
        guest.Map(0, 300);
        MemoryAccessor[] cpus = [.. Enumerable.Range(0, 3).Select(_ => guest.NewCpu())];
        for (int i = 0; i < cpus.Length; i++) cpus[i].Write(Guest.At(i), 1);
        int page = cpus.Length;
        Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() =>
        {
            for (; page < 300; page++) guest.Touch(page, 1);
        }));
        Assert.Equal(Limit - Tables, page);
    }

    [Fact]
    public void WhenAMemberForksThenTheChildIsAMemberAndSharedPagesAreChargedOnce()
    {
        using var guest = new Guest(frames: 1000, limit: 300);
        guest.Map(0, 100);
        guest.Touch(0, 100);
        guest.Cpu.Dispose();
        Assert.Equal(100 + Tables, guest.Group!.UsedFrames);
        AddressSpace child = guest.Fork();
        Assert.Equal(100 + (2 * Tables), guest.Group.UsedFrames);

        // The pages stay charged while only the child has them.
        guest.Unmap(0, 100);
        guest.Space.Graveyard.Release();
        Assert.Equal(100 + Tables + 1, guest.Group.UsedFrames);
        MemoryAccessor cpu = guest.NewCpu(child);
        for (int i = 0; i < 100; i++) Assert.Equal(Guest.WordOf(i), cpu.Read<ulong>(Guest.At(i)));
    }

    [Fact]
    public void WhenPagesAreSharedAnonymousThenTheyAreChargedAndPagesOfFilesAreNot()
    {
        using var guest = new Guest(frames: 1000, limit: 50);
        using var file = new TestFile(guest.Memory);
        guest.Space.Map(Guest.At(0), 200 * Page.Size, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Touch(0, 200);
        Assert.Equal(Tables, guest.Group!.UsedFrames);
        guest.Map(200, 100, Protection.ReadWrite, Guest.Shared);
        Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() => guest.Touch(200, 100)));
        Assert.Equal(50, guest.Group.UsedFrames);
    }

    [Fact]
    public void WhenACallNeedsMoreThanTheLimitThenItFailsAndNothingIsTorn()
    {
        using var guest = new Guest(frames: 1000, limit: 20);
        guest.Map(0, 30);
        Assert.Equal(Errno.ENOMEM, guest.Space.TryAdvise(Guest.At(0), 30 * Page.Size, Advice.PopulateWrite));
        Assert.Equal(Errno.EAGAIN, guest.Space.TryMemoryLock(Guest.At(0), 30 * Page.Size));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryFork(out _));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryRemap(Guest.At(0), 16 * Page.Size, 16 * Page.Size, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(1 << 20), out _));
        Assert.Equal(Errno.ENOMEM, guest.Space.TryMigrate(Guest.At(0), 1, out _));
        Assert.Equal(20, guest.Group!.UsedFrames);
        guest.Space.MemoryUnlockAll();
        guest.Advise(10, 20, Advice.DontNeed);
        Assert.Equal(Errno.None, guest.Space.TryMigrate(Guest.At(0), 5 * Page.Size, out int moved));
        Assert.Equal(5, moved);
    }

    [Fact]
    public void WhenTheGroupDoesNotFitThenItIsRefused()
    {
        using var test = new TestMemory();
        using var other = new TestMemory();
        using var group = new MemoryGroup(other.Memory, 5);
        Assert.Throws<ArgumentException>(() => new AddressSpace(test.Memory, new AddressSpaceOptions { MemoryGroup = group }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MemoryGroup(test.Memory, 0));
        group.Charge(5);
        Assert.Equal(Errno.ENOMEM, Assert.Throws<AddressSpaceException>(() => new AddressSpace(other.Memory, new AddressSpaceOptions { MemoryGroup = group })).Error);
        group.Uncharge(5);
    }

    [Fact]
    public void WhenTheGroupIsDisposedOfFirstThenItsFramesAreNobodys()
    {
        using var test = new TestMemory();
        var group = new MemoryGroup(test.Memory, 10);
        uint pfn = test.Frames.TryAllocate(group);
        group.Dispose();
        using var next = new MemoryGroup(test.Memory, 10);
        test.Frames.Free(pfn);
        Assert.Equal((1, 0), (group.UsedFrames, next.UsedFrames));
    }

    /// <summary>A frame freed into a magazine keeps its payer, so it may go only into its payer's.</summary>
    [Fact]
    public void WhenAFrameIsChargedElsewhereThenTheMagazineDoesNotTakeIt()
    {
        using var test = new TestMemory();
        using var group = new MemoryGroup(test.Memory, 10);
        using var section = new TestSection(test.Memory);
        uint charged = test.Frames.TryAllocate(group), free = test.Frames.TryAllocate();
        Assert.True(section.TryPut(free));
        Assert.False(section.TryPut(charged));
        test.Frames.Free(charged);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenThreadsFaultAndDropAtTheLimitThenItIsNeverExceededAndNoPageIsLost(FaultDesign design)
    {
        const int Limit = 60;
        int seed = Seed.Announce();
        using var guest = new Guest(design, limit: Limit);
        var world = new StressWorld(guest, pages: 48, stride: 1);
        world.MapAll();
        var crew = new Crew();
        StressWorld.Writer[] writers = [.. Enumerable.Range(0, 3).Select(i => new StressWorld.Writer(world, guest.NewCpu(), i, Seed.ForThread(seed, i)))];
        foreach (StressWorld.Writer writer in writers) crew.StartLoop(_ => writer.Step());
        Random drops = Seed.ForThread(seed, 9);
        crew.StartLoop(_ =>
        {
            world.Drop(drops.Next(48), 1);
            if (guest.Space.TryFork(out AddressSpace? child) == Errno.None) child!.Dispose();
            Assert.InRange(guest.Group!.UsedFrames, 0, Limit);
        });
        crew.RunFor(StressTime.OfOneTest);
        Assert.All(writers, writer => Assert.True(writer.Accesses > 0, "A writer never succeeded."));
    }
}
