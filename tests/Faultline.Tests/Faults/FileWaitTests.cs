using Faultline.Diagnostics;
using Faultline.Faults;
using Faultline.Physical;
using Faultline.Tests.Files;

namespace Faultline.Tests.Faults;

/// <summary>What a fault holds while it waits for a file, told by whether a call that needs the lock for write returns meanwhile.</summary>
public class FileWaitTests
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(60);

    [Theory]
    [InlineData(FaultDesign.Classic, true, true)]
    [InlineData(FaultDesign.Classic, false, false)]
    [InlineData(FaultDesign.AreaSequence, false, true)]
    [InlineData(FaultDesign.SpaceSequence, false, true)]
    [InlineData(FaultDesign.AreaLock, false, true)]
    public void WritersWaitForTheDeviceOnlyIfTheLockIsKept(FaultDesign design, bool dropsLock, bool isFree)
    {
        using var world = new World(new AddressSpaceOptions { Design = design, DropLockToWait = dropsLock });
        world.FaultBesideAMap(optsIn: true, isFree);
        Assert.Equal(dropsLock ? 1 : 0, world.Space.FaultStatistics[FaultEvent.Retry]);
        Assert.Equal(design == FaultDesign.Classic ? 1 : 0, world.Space.FaultStatistics[FaultEvent.Classic]);
        Assert.Equal(1, world.Space.FaultStatistics[FaultEvent.FilePage]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenSpeculationIsNotToWaitThenTheClassicPathDoesAsItIsSetTo(bool dropsLock)
    {
        using var world = new World(new AddressSpaceOptions { WaitSpeculatively = false, DropLockToWait = dropsLock });
        world.FaultBesideAMap(optsIn: true, isFree: dropsLock);
        FaultStatistics statistics = world.Space.FaultStatistics;
        Assert.Equal(1, statistics[SpeculationAbort.PageNotInMemory]);
        Assert.Equal((1, 1, 0), (statistics[FaultEvent.Fallback], statistics[FaultEvent.Classic], statistics[FaultEvent.Speculative]));
        Assert.Equal(dropsLock ? 1 : 0, statistics[FaultEvent.Retry]);
    }

    [Fact]
    public void AFileThatDoesNotOptInIsCalledUnderTheLock()
    {
        using var world = new World(new AddressSpaceOptions());
        world.FaultBesideAMap(optsIn: false, isFree: false);
        Assert.Equal(0, world.Space.FaultStatistics[FaultEvent.Retry]);
        Assert.Equal(1, world.Space.FaultStatistics[SpeculationAbort.NotSupported]);
    }

    /// <summary>The classic path too finds its area anew: the page it waited for is not mapped where another mapping has come.</summary>
    [Fact]
    public void WhenTheAreaIsReplacedWhileTheLockIsDroppedThenTheFaultIsServedFromTheNewOne()
    {
        using var guest = new Guest(FaultDesign.Classic);
        using var reading = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        using var file = new TestFile(guest.Memory) { OnRead = _ => { reading.Set(); finish.Wait(); } };
        guest.Space.Map(Guest.At(0), Page.Size, Protection.Read, Guest.Private, file, 7 * Page.Size);
        MemoryAccessor cpu = guest.NewCpu();
        var crew = new Crew();
        crew.Start(() => Assert.Equal((byte)0, cpu.Read<byte>(Guest.At(0))));
        reading.Wait();
        guest.Map(0, 1);
        finish.Set();
        crew.Join();
        Assert.Equal((1, 0, 1), (guest[FaultEvent.ZeroPage], guest[FaultEvent.FilePage], guest[FaultEvent.Retry]));
    }

    private sealed class World(AddressSpaceOptions options) : IDisposable
    {
        private readonly PhysicalMemory _memory = new(new PhysicalMemoryOptions { CapacityInFrames = 256, PoisonFreedFrames = true });
        private AddressSpace? _space;

        public AddressSpace Space => _space ??= new AddressSpace(_memory, options);

        /// <summary>One thread faults on a page that its file takes time to read; meanwhile another maps something.</summary>
        public void FaultBesideAMap(bool optsIn, bool isFree)
        {
            using var reading = new ManualResetEventSlim();
            using var finish = new ManualResetEventSlim();
            using var mapped = new ManualResetEventSlim();
            using var file = new TestFile(_memory) { OptsIn = optsIn, OnRead = _ => { reading.Set(); finish.Wait(); } };
            Space.Map(Guest.At(0), Page.Size, Protection.Read, Guest.Private, file, 7 * Page.Size);
            using MemoryAccessor cpu = Space.CreateAccessor();
            var crew = new Crew();
            crew.Start(() => Assert.Equal((byte)7, cpu.Read<byte>(Guest.At(0))));
            reading.Wait();
            crew.Start(() =>
            {
                Space.Map(Guest.At(8), Page.Size, Protection.Read, Guest.Private);
                mapped.Set();
            });
            if (isFree) mapped.Wait();
            else Assert.False(mapped.Wait(s_moment));
            finish.Set();
            crew.Join();
            Space.Unmap(Guest.At(0), 9 * Page.Size);
        }

        public void Dispose()
        {
            Space.Dispose();
            Frames.AssertAllHome(_memory);
            _memory.Dispose();
        }
    }
}
