using Faultline.Files;
using Faultline.Physical;
using Faultline.Tests.Calls;
using static Faultline.Tests.Stress.CallFuzzArguments;

namespace Faultline.Tests.Stress;

/// <summary>A space with two files; its end checks that the frames are home.</summary>
internal sealed class CallFuzzWorld : IDisposable
{
    private const long FrameCount = 600;
    private const int MostPins = 6, DefaultAreas = 65530;
    private const ulong P = Page.Size;

    private readonly PhysicalMemory _memory;
    private readonly VmFile _memoryFile, _readOnly;
    private readonly Handler _handler = new();

    // Guarded by itself.
    private readonly List<PinnedPages> _pins = [];

    public CallFuzzWorld(Random random)
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

    /// <summary>Areas lie apart, in order, on pages, and the usage counts them.</summary>
    public static void AssertOrder(AddressSpace space)
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
}
