using CsCheck;
using Faultline.Areas;
using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Tests.Calls;

/// <summary>
/// <see cref="OvercommitMode.Never"/>: what is promised is, whenever no call is under way, the sum of what the areas and shared objects say.
/// </summary>
public class OvercommitTests
{
    private const ulong P = Page.Size, Window = 0x1000_0000_0000, Heap = 0x60_0000;
    private const int Pages = 40, Limit = 100;
    private const Protection R = Protection.Read, RW = Protection.ReadWrite;
    private const MapFlags Private = MapFlags.Private | MapFlags.Fixed, Shared = MapFlags.Shared | MapFlags.Fixed;

    [Fact]
    public void WhenPrivateMemoryBecomesWritableThenItIsPromisedUntilItGoes()
    {
        using var machine = new Machine();
        AddressSpace space = machine.Add();
        space.Map(At(0), 10 * P, R, Private);
        Assert.Equal(0, machine.Committed);
        space.Protect(At(0), 4 * P, RW);
        Assert.Equal(4, machine.Committed);
        space.Map(At(2), 4 * P, RW, Private);
        Assert.Equal(6, machine.Committed);
        space.Unmap(At(1), P);
        Assert.Equal(5, machine.Committed);

        // Never written: the promise ends with the right. Written: it stays.
        space.Protect(At(0), P, R);
        Assert.Equal(4, machine.Committed);
        using (MemoryAccessor accessor = space.CreateAccessor()) accessor.Write(At(2), 1);
        space.Protect(At(2), 4 * P, R);
        Assert.Equal(4, machine.Committed);
        machine.Remove(space);
        Assert.Equal(0, machine.Committed);
    }

    [Fact]
    public void WhenSharedMemoryIsMadeThenAllOfItIsPromisedUntilTheLastMapGoes()
    {
        using var machine = new Machine();
        AddressSpace space = machine.Add();
        space.Map(At(0), 10 * P, R, Shared);
        Assert.Equal(10, machine.Committed);
        space.Remap(At(0), 0, 4 * P, RemapFlags.MayMove | RemapFlags.Fixed, At(20));
        space.Unmap(At(0), 10 * P);
        Assert.Equal(10, machine.Committed);
        Assert.Equal(Errno.None, space.TryFork(out AddressSpace? child));
        machine.Adopt(child!);
        machine.Remove(space);
        Assert.Equal(10, machine.Committed);
        machine.Remove(child!);
        Assert.Equal(0, machine.Committed);
    }

    [Fact]
    public void WhenMemoryAsksToBeLeftOutThenItIsCountedAllTheSame()
    {
        using var machine = new Machine();
        AddressSpace space = machine.Add();
        space.Map(At(0), 3 * P, RW, Private | MapFlags.NoReserve);
        space.Map(At(8), 2 * P, RW, Shared | MapFlags.NoReserve);
        Assert.Equal(5, machine.Committed);
    }

    [Fact]
    public void WhenTheLimitIsReachedThenEachCallThatNeedsMoreIsRefusedAndNothingIsLeftOfIt()
    {
        using var machine = new Machine();
        AddressSpace space = machine.Add();
        space.Map(At(0), P, R, Private);
        space.Map(At(2), 2 * P, RW, Private | MapFlags.GrowsDown);
        space.Map(At(8), (Limit - 7) * P, RW, Private);
        Assert.Equal(Limit - 5, machine.Committed);

        // A space of 96 pages leaves 3 to others, and the limit itself is not reached: Linux compares with less than.
        space.Brk(Heap + P);
        Assert.Equal(Limit - 4, machine.Committed);
        Assert.Equal(Errno.ENOMEM, space.TryProtect(At(0), P, RW));
        Assert.Equal(Errno.ENOMEM, space.TryMap(0, P, RW, MapFlags.Private, out _));
        Assert.Equal(Errno.ENOMEM, space.TryMap(0, P, R, MapFlags.Shared, out _));
        Assert.Equal(Errno.ENOMEM, space.TryMap(At(7), 2 * P, RW, Private, out _));
        Assert.Equal(Errno.ENOMEM, space.TryBrk(Heap + (2 * P), out _));
        Assert.Equal(Errno.ENOMEM, space.TryRemap(At(2), 2 * P, 3 * P, RemapFlags.MayMove, 0, out _));
        Assert.Equal(Errno.ENOMEM, space.TryRemap(At(2), 2 * P, 2 * P, RemapFlags.MayMove | RemapFlags.DontUnmap, 0, out _));
        Assert.Equal(Errno.ENOMEM, space.TryFork(out _));
        using (MemoryAccessor accessor = space.CreateAccessor())
            Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => accessor.Write(At(1), (byte)1)));
        Assert.Equal(Limit - 4, machine.Committed);

        // What replaces as much as it asks for, moves, or is only read needs nothing.
        space.Map(At(8), 5 * P, RW, Private);
        space.Remap(At(8), 5 * P, 5 * P, RemapFlags.MayMove | RemapFlags.Fixed, At(200));
        space.Map(At(300), 50 * P, R, Private);
        space.Unmap(At(300), 50 * P);
        Assert.Equal(Limit - 4, machine.Committed);
        space.Unmap(At(200), P);
        Assert.Equal(Errno.None, space.TryProtect(At(0), P, RW));
        Assert.Equal(Limit - 4, machine.Committed);
    }

    [Fact]
    public void WhenSeveralSpacesPromiseThenTheyShareTheLimit()
    {
        using var machine = new Machine();
        AddressSpace first = machine.Add(), second = machine.Add();
        first.Map(At(0), 60 * P, RW, Private);
        Assert.Equal(Errno.ENOMEM, second.TryMap(At(0), 40 * P, RW, Private, out _));
        second.Map(At(0), 39 * P, RW, Private);
        machine.Remove(first);
        second.Map(At(40), 59 * P, RW, Private);
    }

    [Theory]
    [InlineData(50, null, false, 1000, (500 + 0) - 31)]
    [InlineData(50, null, true, 1000, 500)]
    [InlineData(120, null, true, 1000, 1200)]
    [InlineData(50, 40 * 4096UL, true, 1000, 40)]
    public void WhenTheLimitIsSetThenItIsAPartOfMemoryOrANumberLessWhatIsReserved(int ratio, ulong? bytes, bool isPrivileged, long frames, long limit)
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = frames, Overcommit = OvercommitMode.Never, OvercommitRatio = ratio, OvercommitBytes = bytes });
        using var space = new AddressSpace(memory, new AddressSpaceOptions { Privileged = isPrivileged });
        Assert.Equal(Errno.ENOMEM, space.TryMap(0, (ulong)limit * P, RW, MapFlags.Private, out _));
        Assert.Equal(Errno.None, space.TryMap(0, (ulong)(limit - 1) * P, RW, MapFlags.Private, out _));
        Assert.Equal((ulong)(limit - 1) * P, memory.CommittedBytes);
    }

    [Fact]
    public void WhenASpaceIsLargeThenItLeavesAPartToOthers()
    {
        using var machine = new Machine();
        AddressSpace large = machine.Add();
        large.Map(At(0), 64 * P, R, Private);
        Assert.Equal(Errno.ENOMEM, large.TryMap(At(100), (Limit - 2) * P, RW, Private, out _));
        Assert.Equal(Errno.None, machine.Add().TryMap(At(100), (Limit - 2) * P, RW, Private, out _));
    }

    [Fact]
    public void WhenNothingIsRefusedThenARequestBeyondAllMemoryIsMapped()
    {
        using var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 100, Overcommit = OvercommitMode.Always });
        using var space = new AddressSpace(memory, new AddressSpaceOptions());
        Assert.Equal(Errno.None, space.TryMap(0, 1000 * P, RW, MapFlags.Private, out _));
        Assert.Null(memory.CommittedBytes);
    }

    [Fact]
    public void WhenCallsAreMadeAtRandomThenThePromisesAreThoseOfAllAreasAndObjects() =>
        Gen.Int[0, int.MaxValue].Sample(
            seed =>
            {
                var random = new Random(seed);
                using var machine = new Machine();
                machine.Add();
                for (int i = 0; i < 60; i++)
                {
                    machine.Do(random);
                    Assert.Equal(machine.Promised, machine.Committed);
                    Assert.True(machine.Committed < Limit);
                }
            },
            iter: 300);

    /// <summary>Range writers of one space, beside each other and beside those who hold all of it.</summary>
    [Theory]
    [InlineData(WriterLock.MmapLock)]
    [InlineData(WriterLock.RangeLock)]
    public void WhenThreadsCallBesideEachOtherThenThePromisesAreExactAfterwards(WriterLock writerLock)
    {
        const int Threads = 3, Steps = 300;
        using var machine = new Machine(writerLock);
        AddressSpace space = machine.Add();
        int seed = Seed.Announce();
        var crew = new Crew();
        for (int i = 0; i < Threads; i++)
        {
            Random random = Seed.ForThread(seed, i);
            crew.Start(() =>
            {
                for (int step = 0; step < Steps; step++) Machine.Call(space, random);
            });
        }

        crew.Join();
        Assert.Equal(machine.Promised, machine.Committed);
    }

    private static ulong At(int page) => Window + ((ulong)page * P);

    /// <summary>A machine on which <see cref="Limit"/> pages can be promised, less one; its end checks that all promises were taken back.</summary>
    private sealed class Machine(WriterLock? writerLock = null) : IDisposable
    {
        private readonly PhysicalMemory _memory = new(new PhysicalMemoryOptions
        {
            CapacityInFrames = 2048,
            PoisonFreedFrames = true,
            Overcommit = OvercommitMode.Never,
            OvercommitBytes = Limit * P,
        });

        private readonly List<AddressSpace> _spaces = [];

        public long Committed => (long)(_memory.CommittedBytes!.Value / P);

        /// <summary>As the areas and the objects say.</summary>
        public long Promised
        {
            get
            {
                long pages = 0;
                var objects = new HashSet<SharedAnonymousFile>();
                foreach (AddressSpace space in _spaces)
                {
                    foreach (VmArea area in space.Areas.Range(0, UserSpace.End))
                    {
                        if (area.Has(AreaFlags.Account)) pages += (long)area.Pages;
                        if (area.File is SharedAnonymousFile file && objects.Add(file)) pages += (long)(file.Length!.Value / P);
                    }
                }

                return pages;
            }
        }

        public AddressSpace Add()
        {
            var space = new AddressSpace(_memory, new AddressSpaceOptions { Privileged = true, WriterLock = writerLock ?? WriterLocks.Draw(FaultDesign.AreaSequence) });
            space.Reset(Heap);
            return Adopt(space);
        }

        public AddressSpace Adopt(AddressSpace space)
        {
            _spaces.Add(space);
            return space;
        }

        public void Remove(AddressSpace space)
        {
            _spaces.Remove(space);
            space.Dispose();
        }

        public void Do(Random random)
        {
            AddressSpace space = _spaces[random.Next(_spaces.Count)];
            switch (random.Next(24))
            {
                case 0 when space.TryFork(out AddressSpace? child) == Errno.None: Adopt(child!); break;
                case 1 when _spaces.Count > 1: Remove(space); break;
                case 2: space.Reset(Heap); break;
                default: Call(space, random); break;
            }
        }

        public static void Call(AddressSpace space, Random random)
        {
            ulong at = At(random.Next(Pages)), length = (ulong)random.Next(1, 12) * P;
            switch (random.Next(10))
            {
                case 0 or 1: space.TryMap(at, length, (Protection)random.Next(4), Private, out _); break;
                case 2: space.TryMap(at, length, (Protection)random.Next(4), random.Next(2) == 0 ? Shared : Private | MapFlags.GrowsDown, out _); break;
                case 3: space.TryUnmap(at, length); break;
                case 4: space.TryProtect(at, length, (Protection)random.Next(4)); break;
                case 5 or 6:
                    ulong newLength = (ulong)random.Next(1, 12) * P;
                    space.TryRemap(at, random.Next(5) == 0 ? newLength : length, newLength, (RemapFlags)random.Next(8), At(random.Next(Pages)), out _);
                    break;
                case 7: space.TryBrk(Heap + (ulong)random.Next(8 * (int)P), out _); break;
                case 8: space.TryMap(0, length, RW, MapFlags.Private | MapFlags.NoReserve, out _); break;
                default:
                    using (MemoryAccessor accessor = space.CreateAccessor())
                    {
                        try
                        {
                            accessor.Write(at, (byte)1);
                        }
                        catch (MemoryFaultException)
                        {
                        }
                    }

                    break;
            }
        }

        public void Dispose()
        {
            foreach (AddressSpace space in _spaces) space.Dispose();
            Assert.Equal(0, Committed);
            Frames.AssertAllHome(_memory);
            _memory.Dispose();
        }
    }
}
