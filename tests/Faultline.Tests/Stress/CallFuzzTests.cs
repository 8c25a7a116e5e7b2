using Faultline.Files;
using Faultline.Physical;
using Faultline.Testing;
using Faultline.Tests.Calls;

namespace Faultline.Tests.Stress;

/// <summary>
/// Every call with any arguments, in any order, alone and from several threads: null, unaligned, at the ends of the address space and of the numbers, overflowing. A
/// call answers with an errno, an access with a value or a signal; afterwards the areas are in order, the usage counts them, and all frames and promises come home.
/// Pins are taken and given back, memory is accessed from outside, and faults are left to a handler, among all that.
/// </summary>
public class CallFuzzTests
{
    private const long FrameCount = 600;
    private const int DefaultAreas = 65530;
    private const int Threads = 3, StepsAlone = 120, StepsTogether = 60;
    private const ulong P = Page.Size, Window = 0x1000_0000_0000, UserEnd = (1UL << 47) - P, Heap = 0x60_0000;

    private static readonly ulong[] s_edges =
    [
        0, 1, P - 1, P, P + 1, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 1UL << 32, UserEnd - P, UserEnd, UserEnd + 1, 1UL << 47, (1UL << 47) + P, 1UL << 48, 1UL << 52, 1UL << 63,
        long.MaxValue, ulong.MaxValue - (2 * P), ulong.MaxValue - P, ulong.MaxValue - P + 1, ulong.MaxValue,
    ];

    [Fact]
    public void WhenCallsHaveAnyArgumentsThenEachAnswersAndTheSpaceStaysInOrder() => FuzzLoop.Run(random =>
    {
        var world = new World(random);
        MemoryAccessor accessor = world.Space.CreateAccessor();
        for (int i = 0; i < StepsAlone; i++)
        {
            world.Do(random, accessor);
            AssertOrder(world.Space);
        }

        // Only what has not failed can be taken down: a call that threw may hold a lock.
        accessor.Dispose();
        world.Dispose();
        return true;
    });

    [Fact]
    public void WhenThreadsCallInAnyOrderThenEachCallAnswersAndTheSpaceIsInOrderAfterwards() => FuzzLoop.Run(random =>
    {
        var world = new World(random);
        int[] seeds = [.. Enumerable.Range(0, Threads).Select(_ => random.Next())];
        var crew = new Crew();
        foreach (int seed in seeds)
        {
            crew.Start(() =>
            {
                var own = new Random(seed);
                using MemoryAccessor accessor = world.Space.CreateAccessor();
                for (int i = 0; i < StepsTogether; i++) world.Do(own, accessor);
            });
        }

        crew.Join();
        AssertOrder(world.Space);
        world.Dispose();
        return true;
    });

    private static void AssertOrder(AddressSpace space)
    {
        ulong end = 0;
        foreach (AreaInfo area in space.ListAreas())
        {
            Assert.True(area.Start >= end && area.Start < area.End && area.End <= UserEnd, $"{area.Start:x}-{area.End:x} after {end:x}");
            Assert.True(((area.Start | area.End) & (P - 1)) == 0, $"{area.Start:x}-{area.End:x} is not of whole pages.");
            end = area.End;
        }

        TestSpace.AssertUsage(space);
    }

    /// <summary>A space with two files; its end checks that the frames are home.</summary>
    private sealed class World : IDisposable
    {
        private const int MostPins = 6;

        private readonly PhysicalMemory _memory;
        private readonly VmFile _memoryFile, _readOnly;
        private readonly Handler _handler = new();

        // Guarded by itself.
        private readonly List<PinnedPages> _pins = [];

        public World(Random random)
        {
            _memory = new PhysicalMemory(new PhysicalMemoryOptions
            {
                CapacityInFrames = FrameCount,
                PoisonFreedFrames = true,
                Overcommit = Pick<OvercommitMode>(random),
                OvercommitBytes = 80 * P,
            });
            FaultDesign design = Pick<FaultDesign>(random);
            Space = new AddressSpace(_memory, new AddressSpaceOptions
            {
                Design = design,
                WriterLock = design == FaultDesign.AreaLock ? WriterLock.MmapLock : Pick<WriterLock>(random),
                Privileged = random.Next(2) == 0,
                MaximumAreas = random.Next(3) == 0 ? 6 : DefaultAreas,
                CommitLimit = random.Next(3) == 0 ? 40 * P : null,
                Limits = random.Next(3) == 0 ? new ResourceLimits { AddressSpace = 60 * P, MemoryLock = 8 * P, Data = 50 * P } : new ResourceLimits(),
            });
            Space.Reset(Heap);
            _memoryFile = new MemoryFile(_memory, length: 5 * P);
            _readOnly = new GeneratedFile(_memory, "/generated", new FileIdentity(0, 2, 7), (7 * P) + 9);
        }

        public AddressSpace Space { get; }

        public void Do(Random random, MemoryAccessor accessor)
        {
            ulong at = Address(random), length = Length(random);
            switch (random.Next(34))
            {
                case 0 or 1 or 2 or 3: Space.TryMap(at, length, (Protection)random.Next(random.Next(9) == 0 ? int.MaxValue : 8), Flags(random), out _); break;
                case 4 or 5:
                    VmFile? file = random.Next(8) switch { 0 => null, < 4 => _readOnly, _ => _memoryFile };
                    Space.TryMap(at, length, (Protection)random.Next(8), Flags(random) & ~MapFlags.Anonymous, file, Length(random), out _);
                    break;
                case 6: Space.TryUnmap(at, length); break;
                case 7 or 8: Space.TryProtect(at, length, (Protection)random.Next(random.Next(9) == 0 ? int.MaxValue : 8)); break;
                case 9 or 10: Space.TryRemap(at, length, Length(random), (RemapFlags)random.Next(random.Next(9) == 0 ? int.MaxValue : 8), Address(random), out _); break;
                case 11 or 12: Space.TryAdvise(at, length, (Advice)(random.Next(5) == 0 ? random.Next(int.MinValue, int.MaxValue) : random.Next(26))); break;
                case 13: Space.TryMemoryLock(at, length, random.Next(2) == 0); break;
                case 14: Space.TryMemoryUnlock(at, length); break;
                case 15:
                    if (random.Next(3) == 0) Space.TryMemoryLockAll((LockAllFlags)random.Next(9));
                    else Space.MemoryUnlockAll();
                    break;
                case 16: Space.TryMinCore(at, length, new byte[random.Next(20)]); break;
                case 17: Space.TryMemorySync(at, length, (SyncFlags)random.Next(random.Next(9) == 0 ? int.MaxValue : 8)); break;
                case 18: Space.TryBrk(random.Next(2) == 0 ? Heap + (ulong)random.Next(8 * (int)P) : at, out _); break;
                case 19: Fork(random); break;
                case 20: Space.TryMigrate(at, length, out _); break;
                case 21: ChangeFile(random); break;
                case 22:
                    _ = Space.Maps();
                    _ = Space.Smaps();
                    _ = Space.ExplainMaps();
                    break;
                case 23 or 24: Pin(random, at, length); break;
                case 25: Unpin(random); break;
                case 26: Space.TryReadMemory(at, new byte[random.Next(3 * (int)P)], out _); break;
                case 27: Space.TryWriteMemory(at, new byte[random.Next(3 * (int)P)], out _); break;
                case 28: Space.TryRegisterUserFault(at, length, _handler, (UserFaultModes)random.Next(random.Next(9) == 0 ? int.MaxValue : 4)); break;
                case 29: Serve(random, at, length); break;
                default: Access(random, accessor, at); break;
            }
        }

        public void Dispose()
        {
            Space.Dispose();
            foreach (PinnedPages pin in _pins) pin.Dispose();
            _memoryFile.Dispose();
            _readOnly.Dispose();
            Assert.Equal(0UL, _memory.CommittedBytes ?? 0);
            Frames.AssertAllHome(_memory);
            _memory.Dispose();
        }

        private void Pin(Random random, ulong at, ulong length)
        {
            var flags = (PinFlags)random.Next(random.Next(9) == 0 ? int.MaxValue : 4);
            if (Space.TryPinPages(at, length, flags, out PinnedPages? pin) != Errno.None) return;
            _ = pin!.GetPage(random.Next(pin.PageCount))[0];
            if (flags.HasFlag(PinFlags.Write)) pin.GetWritablePage(random.Next(pin.PageCount))[0] = 1;
            lock (_pins)
            {
                if (_pins.Count < MostPins)
                {
                    _pins.Add(pin);
                    return;
                }
            }

            pin.Dispose();
        }

        private void Unpin(Random random)
        {
            PinnedPages pin;
            lock (_pins)
            {
                if (_pins.Count == 0) return;
                int index = random.Next(_pins.Count);
                pin = _pins[index];
                _pins.RemoveAt(index);
            }

            pin.Dispose();
        }

        /// <summary>What a handler does, without being asked.</summary>
        private void Serve(Random random, ulong at, ulong length)
        {
            switch (random.Next(5))
            {
                case 0: Space.TryUnregisterUserFault(at, length); break;
                case 1: Space.TryUserFaultCopy(at, new byte[random.Next(4) == 0 ? random.Next(3 * (int)P) : random.Next(3) * (int)P], random.Next(2) == 0, out _); break;
                case 2: Space.TryUserFaultZero(at, length, out _); break;
                default: Space.TryUserFaultWriteProtect(at, length, random.Next(3) > 0); break;
            }
        }

        private static void Access(Random random, MemoryAccessor accessor, ulong at)
        {
            try
            {
                switch (random.Next(5))
                {
                    case 0: accessor.Read<ulong>(at); break;
                    case 1: accessor.Write(at, (byte)7); break;
                    case 2: accessor.CompareExchange(at & ~7UL, 1UL, 0UL); break;
                    case 3: accessor.CopyTo(at, new byte[random.Next(3 * (int)P)]); break;
                    default: accessor.CopyFrom(new byte[random.Next(3 * (int)P)], at); break;
                }
            }
            catch (MemoryFaultException)
            {
            }
        }

        private void Fork(Random random)
        {
            if (Space.TryFork(out AddressSpace? child) != Errno.None) return;
            using AddressSpace space = child!;
            using MemoryAccessor accessor = space.CreateAccessor();
            for (int i = 0; i < 3; i++) Access(random, accessor, Address(random));
            space.TryUnmap(Address(random), Length(random));
            AssertOrder(space);
        }

        /// <summary>No frame is left: that is said by an exception of its own.</summary>
        private void ChangeFile(Random random)
        {
            try
            {
                if (random.Next(2) == 0) _memoryFile.SetLength((ulong)random.Next(10 * (int)P));
                else _memoryFile.Write((ulong)random.Next(8 * (int)P), new byte[random.Next(2 * (int)P)]);
            }
            catch (InsufficientMemoryException)
            {
            }
        }

        /// <summary>Serves two pages of three, each in one way; the third is a bus error.</summary>
        private sealed class Handler : UserFaultHandler
        {
            public override bool OnFault(in UserFault fault)
            {
                ulong page = fault.Address & ~(P - 1);
                if (fault.Reason == UserFaultModes.WriteProtect) return fault.Space.TryUserFaultWriteProtect(page, P, protect: false) is Errno.None or Errno.ENOENT;
                Errno error = ((page / P) % 3) switch
                {
                    0 => fault.Space.TryUserFaultCopy(page, new byte[P], writeProtect: false, out _),
                    1 => fault.Space.TryUserFaultZero(page, P, out _),
                    _ => Errno.EFAULT,
                };

                // Somebody was first, or ended the registration: the access is made again and sees.
                return error is Errno.None or Errno.EEXIST or Errno.ENOENT;
            }
        }

        private static T Pick<T>(Random random) where T : struct, Enum => Enum.GetValues<T>() is var all ? all[random.Next(all.Length)] : default;

        private static ulong Address(Random random) => random.Next(10) switch
        {
            0 => s_edges[random.Next(s_edges.Length)] + (ulong)random.Next(-2, 3),
            1 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
            2 => Window + (ulong)random.Next(24 * (int)P),
            3 => 0,
            4 => Heap + (ulong)(random.Next(8) * (int)P),
            _ => Window + ((ulong)random.Next(24) * P),
        };

        private static ulong Length(Random random) => random.Next(10) switch
        {
            0 => s_edges[random.Next(s_edges.Length)] + (ulong)random.Next(-2, 3),
            1 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
            2 => (ulong)random.Next(12 * (int)P),
            _ => (ulong)random.Next(0, 9) * P,
        };

        private static MapFlags Flags(Random random) => random.Next(8) switch
        {
            0 => (MapFlags)random.Next(),
            1 => (MapFlags)(random.Next(4) | (1 << random.Next(31))),
            2 => MapFlags.Shared | MapFlags.Fixed,
            3 => MapFlags.Shared,
            4 => MapFlags.Private | (random.Next(2) == 0 ? MapFlags.Populate : MapFlags.GrowsDown),
            _ => MapFlags.Private | MapFlags.Fixed,
        };
    }
}
