using Faultline.Diagnostics;
using Faultline.Physical;
using Faultline.Translation;

namespace Faultline.Tests.Translation;

public class MemoryAccessorTests
{
    [Fact]
    public void WhenTheAccessorIsDisposedOfThenEveryUseSaysSo()
    {
        using var guest = new Guest();
        guest.Map(0, 1, Protection.Read | Protection.Write | Protection.Execute);
        MemoryAccessor cpu = guest.NewCpu();
        cpu.Write(Guest.At(0), 1L);
        cpu.Fetch<byte>(Guest.At(0));
        cpu.Dispose();
        cpu.Dispose();
        AssertAllUsesThrow(cpu);

        // And the others go on.
        Assert.Equal(1L, guest.Cpu.Read<long>(Guest.At(0)));
    }

    [Fact]
    public void WhenTheSpaceIsDisposedOfThenEveryUseSaysSo()
    {
        using var test = new Physical.TestMemory(64);
        var space = new AddressSpace(test.Memory);
        MemoryAccessor cpu = space.CreateAccessor();
        space.Map(Guest.At(0), Page.Size, Protection.Read | Protection.Write | Protection.Execute, Guest.Private);
        cpu.Write(Guest.At(0), 1L);
        cpu.Fetch<byte>(Guest.At(0));
        space.Dispose();
        space.Dispose();
        AssertAllUsesThrow(cpu);
        Assert.Throws<ObjectDisposedException>(() => space.CreateAccessor());
        Assert.Throws<ObjectDisposedException>(() => space.Unmap(Guest.At(0), Page.Size));
        cpu.Dispose();
    }

    /// <summary>The arena stays as long as an accessor could write to it.</summary>
    [Fact]
    public void WhenTheMemoryIsDisposedOfFirstThenAForgottenAccessorStillWritesIntoTheArena()
    {
        var memory = new PhysicalMemory(new PhysicalMemoryOptions { CapacityInFrames = 64 });
        var space = new AddressSpace(memory);
        MemoryAccessor cpu = space.CreateAccessor();
        space.Map(Guest.At(0), Page.Size, Protection.ReadWrite, Guest.Private);
        cpu.Write(Guest.At(0), 1L);
        memory.Dispose();
        cpu.Write(Guest.At(0), 2L);
        Assert.Equal(2L, cpu.Read<long>(Guest.At(0)));
        cpu.Dispose();
        space.Dispose();
        Frames.AssertAllHome(memory);
        memory.Dispose();
    }

    private static void AssertAllUsesThrow(MemoryAccessor cpu)
    {
        ulong address = Guest.At(0);
        Assert.Throws<ObjectDisposedException>(() => cpu.Read<long>(address));
        Assert.Throws<ObjectDisposedException>(() => cpu.Read<long>(address + 4093));
        Assert.Throws<ObjectDisposedException>(() => cpu.Write(address, 1L));
        Assert.Throws<ObjectDisposedException>(() => cpu.Write(address + 4093, 1L));
        Assert.Throws<ObjectDisposedException>(() => cpu.Fetch<long>(address));
        Assert.Throws<ObjectDisposedException>(() => cpu.Exchange(address, 1L));
        Assert.Throws<ObjectDisposedException>(() => cpu.CompareExchange(address, 1L, 1L));
        Assert.Throws<ObjectDisposedException>(() => cpu.CopyTo(address, new byte[8]));
        Assert.Throws<ObjectDisposedException>(() => cpu.CopyFrom(new byte[8], address));
        Assert.Throws<ObjectDisposedException>(() => cpu.Fill(address, 8, 1));
        Assert.Throws<ObjectDisposedException>(() => cpu.OpenSession());
        Assert.False(cpu.IsInSection);
    }

    [Fact]
    public void WhenAnAccessorIsDisposedOfThenItsFramesAndCountsStay()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        MemoryAccessor cpu = guest.NewCpu();
        cpu.Write(Guest.At(0), 1);
        int held = cpu.Frames.Count;
        Assert.True(held > 0);
        long free = guest.Memory.FreeFrames;
        long resolved = guest.Space.FaultStatistics.Resolved;
        cpu.Dispose();
        Assert.Equal(free, guest.Memory.FreeFrames);
        Assert.Equal(resolved, guest.Space.FaultStatistics.Resolved);
        Assert.Equal(1, guest[FaultEvent.NewPage]);
    }

    /// <summary>More accessors than a table's mask has bits: two that share one are both shot down.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAccessorsShareABitOfTheMaskThenAShootdownReachesAllOfThem(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 2);
        MemoryAccessor[] cpus = [.. Enumerable.Range(0, (2 * AccessorSet.MaskBits) + 7).Select(_ => guest.NewCpu())];
        foreach (MemoryAccessor cpu in cpus) cpu.Write(Guest.At(0), cpu.Slot);
        guest.Protect(0, 1, Protection.Read);
        foreach (MemoryAccessor cpu in cpus)
        {
            Assert.Equal(cpus[^1].Slot, cpu.Read<int>(Guest.At(0)));
            Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => cpu.Write(Guest.At(0), -1)));
        }

        guest.Unmap(0, 1);
        foreach (MemoryAccessor cpu in cpus) Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => cpu.Read<int>(Guest.At(0))));
    }

    /// <summary>The copy's shootdown is skipped only if nobody shares the faulting accessor's bit.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAnAccessorThatSharesABitCopiesAPageThenTheOtherReadsTheCopy(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        MemoryAccessor[] cpus = [.. Enumerable.Range(0, AccessorSet.MaskBits + 1).Select(_ => guest.NewCpu())];
        MemoryAccessor twin = cpus.Single(cpu => cpu.Slot == guest.Cpu.Slot + AccessorSet.MaskBits);
        Assert.Equal(guest.Cpu.SlotBit, twin.SlotBit);

        // Both hold the zero page.
        Assert.Equal(0, twin.Read<int>(Guest.At(0)));
        Assert.Equal(0, guest.Cpu.Read<int>(Guest.At(0)));
        guest.Cpu.Write(Guest.At(0), 5);
        Assert.Equal(5, twin.Read<int>(Guest.At(0)));
    }

    [Fact]
    public void WhenASlotIsUsedAgainThenTheNewAccessorKnowsNothingOfTheOld()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        MemoryAccessor first = guest.NewCpu();
        first.Write(Guest.At(0), 3);
        int slot = first.Slot;
        first.Dispose();
        MemoryAccessor second = guest.NewCpu();
        Assert.Equal(slot, second.Slot);
        Assert.Equal(3, second.Read<int>(Guest.At(0)));
        Assert.Equal(1, second.Counters[FaultEvent.Refill]);
        guest.Unmap(0, 1);
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => second.Read<int>(Guest.At(0))));
    }
}
