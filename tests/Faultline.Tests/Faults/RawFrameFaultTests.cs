using Faultline.Diagnostics;
using Faultline.Files;
using Faultline.Tests.Files;
using Faultline.Tests.Stress;

namespace Faultline.Tests.Faults;

/// <summary>
/// Maps of device memory, with the special bit and without: the same tests. A raw frame that is taken for an ordinary page would be freed while the device has it,
/// which the device's end and the guest's both notice; an ordinary page taken for raw would never come home.
/// </summary>
public class RawFrameFaultTests
{
    /// <summary>Straddles two tables.</summary>
    private const int First = 400;

    public static TheoryData<FaultDesign, bool, bool> Cases
    {
        get
        {
            var cases = new TheoryData<FaultDesign, bool, bool>();
            foreach (FaultDesign design in Enum.GetValues<FaultDesign>())
            {
                foreach (bool specialBit in new[] { true, false })
                {
                    cases.Add(design, specialBit, false);
                    cases.Add(design, specialBit, true);
                }
            }

            return cases;
        }
    }

    private sealed class Machine : IDisposable
    {
        public Machine(FaultDesign design, bool specialBit, bool mixed)
        {
            Guest = new Guest(design, frames: 8192, specialBit: specialBit);
            Device = TestDevice.Create(Guest.Memory, mixed);
        }

        public Guest Guest { get; }

        public DeviceMemory Device { get; }

        /// <summary>Maps the device from its frame <paramref name="frame"/> on.</summary>
        public void Map(int page, int pages, MapFlags flags, int frame = 0, Protection rights = Protection.ReadWrite) =>
            Guest.Space.Map(Guest.At(page), (ulong)pages << Page.Shift, rights, flags, Device, (ulong)frame << Page.Shift);

        public ulong Read(int page) => Guest.Cpu.Read<ulong>(Guest.At(page));

        public void Dispose()
        {
            Device.Dispose();
            Guest.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenADeviceIsSharedThenBothSidesSeeEachOthersWritesAndNothingIsCounted(FaultDesign design, bool specialBit, bool mixed)
    {
        using var machine = new Machine(design, specialBit, mixed);
        machine.Map(First, TestDevice.Frames, Guest.Shared);
        for (int i = 0; i < TestDevice.Frames; i++) Assert.Equal(TestDevice.WordOf(i), machine.Read(First + i));
        machine.Guest.Touch(First + 7, 1);
        Assert.Equal(Guest.WordOf(First + 7), TestDevice.Read(machine.Device, 7));
        TestDevice.Write(machine.Device, 7, 5);
        Assert.Equal(5UL, machine.Read(First + 7));
        Assert.Equal(specialBit, machine.Guest.EntryOf(First + 7).IsSpecial);
        Assert.Equal(0U, machine.Guest.Memory.Info(machine.Guest.FrameOf(First + 7)).Maps);
        Assert.Equal((TestDevice.Frames, 1), (machine.Guest[FaultEvent.RawFrame], machine.Guest[FaultEvent.Reuse]));
        Assert.Equal(design == FaultDesign.Classic ? 0 : TestDevice.Frames + 1, machine.Guest[FaultEvent.Speculative]);
        Assert.DoesNotContain("Rss:                  4", machine.Guest.Space.Smaps(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenAPrivateMapIsWrittenThenTheDeviceIsNot(FaultDesign design, bool specialBit, bool mixed)
    {
        using var machine = new Machine(design, specialBit, mixed);
        machine.Map(First, TestDevice.Frames, Guest.Private);

        // Read first, or written at once; a copy is as private memory is: written again in place, kept over protections.
        Assert.Equal(TestDevice.WordOf(1), machine.Read(First + 1));
        Assert.Equal([FaultEvent.Copy], FaultRecord.Of(machine.Guest, () => machine.Guest.Touch(First + 1, 1)));
        Assert.Equal([FaultEvent.Copy], FaultRecord.Of(machine.Guest, () => machine.Guest.Touch(First + 2, 1)));
        Assert.Equal(TestDevice.WordOf(3), machine.Read(First + 3));
        machine.Guest.Protect(First, 8, Protection.Read);
        machine.Guest.Protect(First, 8, Protection.ReadWrite);
        Assert.Empty(FaultRecord.Of(machine.Guest, () => machine.Guest.Touch(First + 1, 2)).Except([FaultEvent.Refill]));
        Assert.Equal([FaultEvent.Copy], FaultRecord.Of(machine.Guest, () => machine.Guest.Touch(First + 3, 1)));
        for (int i = 1; i <= 3; i++) Assert.Equal((TestDevice.WordOf(i), Guest.WordOf(First + i)), (TestDevice.Read(machine.Device, i), machine.Read(First + i)));
        Assert.Contains("Anonymous:            12 kB", machine.Guest.Space.Smaps(), StringComparison.Ordinal);
    }

    /// <summary>Each call that removes, moves, splits or copies pages must tell raw frames from copies, also when their area has gone already.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenRawAndCopiedPagesAreRemovedMovedAndForkedThenEachFrameGoesWhereItBelongs(FaultDesign design, bool specialBit, bool mixed)
    {
        using var machine = new Machine(design, specialBit, mixed);
        Guest guest = machine.Guest;
        machine.Map(First, 300, Guest.Private, frame: 20);
        machine.Map(First + 300, 300, Guest.Shared, frame: 300);
        for (int i = 0; i < 600; i++) machine.Read(First + i);
        for (int i = 0; i < 300; i += 3) guest.Touch(First + i, 1);

        // Splits in the middle; a fixed map over raw and copied pages of both areas.
        guest.Protect(First + 100, 50, Protection.Read);
        guest.Unmap(First + 10, 10);
        guest.Map(First + 280, 40);
        guest.Touch(First + 280, 40);

        // Elsewhere the offset is another, the entries are the same.
        guest.Space.Remap(Guest.At(First + 30), 60 * Page.Size, 60 * Page.Size, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(5000));
        for (int i = 0; i < 60; i++) Assert.Equal((i + 30) % 3 == 0 ? Guest.WordOf(First + 30 + i) : TestDevice.WordOf(50 + i), machine.Read(5000 + i));
        guest.Touch(5001, 1);
        guest.Unmap(5000, 40);

        AddressSpace child = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(child);
        Assert.Equal(Guest.WordOf(First + 99), cpu.Read<ulong>(Guest.At(First + 99)));
        Assert.Equal(TestDevice.WordOf(20 + 98), cpu.Read<ulong>(Guest.At(First + 98)));
        cpu.Write(Guest.At(First + 98), 1UL);
        cpu.Write(Guest.At(First + 321), 2UL);
        guest.Touch(First + 99, 1);
        Assert.Equal((TestDevice.WordOf(118), 2UL), (machine.Read(First + 98), machine.Read(First + 321)));
        child.Unmap(Guest.At(First), 600 * Page.Size);
        Assert.Equal(Guest.WordOf(First + 99), machine.Read(First + 99));
        for (int i = 0; i < TestDevice.Frames; i++) Assert.Equal(i == 321 ? 2UL : TestDevice.WordOf(i), TestDevice.Read(machine.Device, i));
    }

    /// <summary>The closed device lives as long as a map of it.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenTheDeviceIsClosedThenItsMapsKeepIt(FaultDesign design, bool specialBit, bool mixed)
    {
        using var machine = new Machine(design, specialBit, mixed);
        machine.Map(0, 2, Guest.Shared, frame: 5);
        machine.Device.Dispose();
        Assert.Equal(TestDevice.WordOf(6), machine.Read(1));
        Assert.False(machine.Device.IsReleased);
        machine.Guest.Unmap(0, 2);
        Assert.True(machine.Device.IsReleased);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesOfAMixedMapAreOrdinaryThenTheyAreCachedAndBeyondTheEndIsASignal(FaultDesign design)
    {
        foreach (bool specialBit in new[] { true, false })
        {
            using var machine = new Machine(design, specialBit, mixed: true);
            machine.Map(0, 12, Guest.Shared, frame: TestDevice.Frames - 2);
            machine.Guest.Touch(0, 10);
            Assert.Equal((2, 8), (machine.Guest[FaultEvent.RawFrame], machine.Guest[FaultEvent.FilePage]));
            Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => machine.Read(10)));

            // What is dropped is found again in the device, or in the cache.
            machine.Guest.Advise(0, 10, Advice.DontNeed);
            for (int i = 0; i < 10; i++) Assert.Equal(Guest.WordOf(i), machine.Read(i));
        }

        using var pure = new Machine(design, specialBit: false, mixed: false);
        pure.Map(0, 2, Guest.Private, frame: TestDevice.Frames - 1);
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => pure.Guest.Touch(1, 1)));
    }

    /// <summary>Linux 6.18's answers for VM_PFNMAP and VM_MIXEDMAP.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhenACallDoesNotSuitRawFramesThenItIsRefusedOrPassesThemOver(bool mixed)
    {
        using var machine = new Machine(FaultDesign.AreaSequence, specialBit: true, mixed);
        AddressSpace space = machine.Guest.Space;
        machine.Map(0, 4, Guest.Shared | MapFlags.Locked);
        machine.Map(4, 4, Guest.Shared, frame: 4);
        Assert.Equal(2, space.Areas.Count);
        Errno pure = mixed ? Errno.None : Errno.EINVAL;
        foreach (Advice advice in new[] { Advice.DontNeed, Advice.DontNeedLocked, Advice.Cold, Advice.PageOut, Advice.PopulateRead, Advice.DoFork })
            Assert.Equal((advice, pure), (advice, space.TryAdvise(Guest.At(0), 4 * Page.Size, advice)));
        Assert.Equal(Errno.EINVAL, space.TryAdvise(Guest.At(0), 4 * Page.Size, Advice.DoDump));
        Assert.Equal(Errno.None, space.TryMemoryLock(Guest.At(0), 8 * Page.Size));
        Assert.Equal(0UL, space.Usage.Locked);
        Assert.Equal(mixed ? Errno.None : Errno.EFAULT, space.TryRemap(Guest.At(4), 4 * Page.Size, 5 * Page.Size, 0, 0, out _));
        Assert.Equal(pure, space.TryRemap(Guest.At(0), 4 * Page.Size, 4 * Page.Size, RemapFlags.MayMove | RemapFlags.DontUnmap, Guest.At(100), out _));
        if (!mixed) Assert.Equal(0, machine.Guest[FaultEvent.RawFrame]);
        Assert.Contains(mixed ? "VmFlags: rd wr sh mr mw me ms mm" : "VmFlags: rd wr sh mr mw me ms pf io de dd", space.Smaps(), StringComparison.Ordinal);
    }

    /// <summary>Start and offset are read by faults while other threads move, split and replace the areas.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void WhenRawPagesAreCopiedBesideMovesSplitsAndForksThenNobodyFreesAFrameOfTheDevice(FaultDesign design, bool specialBit, bool mixed)
    {
        const int Pages = 16, Elsewhere = 1000;
        int seed = Seed.Announce();
        using var machine = new Machine(design, specialBit, mixed);
        Guest guest = machine.Guest;
        machine.Map(0, Pages, Guest.Private);
        var crew = new Crew();
        for (int i = 0; i < 2; i++)
        {
            MemoryAccessor cpu = guest.NewCpu();
            Random random = Seed.ForThread(seed, i);
            crew.StartLoop(_ =>
            {
                int page = random.Next(Pages);
                try
                {
                    ulong found = cpu.Read<ulong>(Guest.At(page));
                    Assert.True(found == TestDevice.WordOf(page) || found == Guest.WordOf(page), $"Page {page} holds 0x{found:x}.");
                    if (random.Next(2) == 0) cpu.Write(Guest.At(page), Guest.WordOf(page));
                }
                catch (MemoryFaultException)
                {
                }
            });
        }

        Random calls = Seed.ForThread(seed, 9);
        crew.StartLoop(_ =>
        {
            int page = calls.Next(Pages), count = 1 + calls.Next(Pages - page);
            ulong length = (ulong)count << Page.Shift;
            switch (calls.Next(5))
            {
                case 0: machine.Map(page, count, Guest.Private, page); break;
                case 1: guest.Space.TryProtect(Guest.At(page), length, Protection.Read); break;
                case 2: guest.Space.TryProtect(Guest.At(0), Pages * Page.Size, Protection.ReadWrite); break;
                case 3: guest.Space.Fork().Dispose(); break;
                default:
                    if (guest.Space.TryRemap(Guest.At(page), length, length, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(Elsewhere), out ulong _) == Errno.None)
                        guest.Space.TryRemap(Guest.At(Elsewhere), length, length, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(page), out ulong _);
                    break;
            }
        });
        crew.RunFor(StressTime.OfOneTest);
        Assert.True(guest[FaultEvent.RawFrame] > 0 && guest[FaultEvent.Copy] > 0, "There was nothing to tell apart.");
        for (int i = 0; i < Pages; i++) Assert.Equal(TestDevice.WordOf(i), TestDevice.Read(machine.Device, i));
    }
}
