using Faultline.Diagnostics;
using Faultline.Physical;

namespace Faultline.Tests.Faults;

public class ExhaustionTests
{
    /// <summary>Frames that idle accessors hold ready are used before memory is exhausted.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenFourAccessorsShareTwoThousandFramesThenOneCanUseNearlyAllOfThem(FaultDesign design)
    {
        const int Frames = 2_000, Accessors = 4;
        using var guest = new Guest(design, Frames);
        guest.Map(0, Frames);
        MemoryAccessor[] cpus = [.. Enumerable.Range(0, Accessors - 1).Select(_ => guest.NewCpu())];
        for (int i = 0; i < cpus.Length; i++) cpus[i].Write(Guest.At(i), 1);
        Assert.All(cpus, cpu => Assert.True(cpu.Frames.Count > 0));

        int page = cpus.Length;
        Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() =>
        {
            for (; page < Frames; page++) guest.Touch(page, 1);
        }));

        // All but the tables: a root, two directories, four tables.
        Assert.Equal(Frames - 7, page);
        Assert.Equal(0, guest.Memory.FreeFrames);
        Assert.True(guest.Memory.Frames.Seizures > 0);
        for (int i = cpus.Length; i < page; i++) Assert.Equal(Guest.WordOf(i), guest.Cpu.Read<ulong>(Guest.At(i)));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenFramesAreFreedThenFaultsResolveAgain(FaultDesign design)
    {
        const int Frames = 100;
        using var guest = new Guest(design, Frames);
        guest.Map(0, Frames);
        for (int round = 0; round < 3; round++)
        {
            int page = 0;
            Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() =>
            {
                for (; page < Frames; page++) guest.Touch(page, 1);
            }));
            Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() => guest.Touch(page, 1)));

            // What needs no frame still works, and one frame freed serves one fault.
            Assert.Equal(Guest.WordOf(0), guest.Cpu.Read<ulong>(Guest.At(0)));
            Assert.Equal(0UL, guest.Cpu.Read<ulong>(Guest.At(page)));
            guest.Advise(0, 1, Advice.DontNeed);
            guest.Touch(page, 1);
            Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() => guest.Touch(0, 1)));
            guest.Advise(0, Frames, Advice.DontNeed);
        }
    }

    /// <summary>A copy needs a frame: without one the page stays shared and read-only, and both sides keep their contents.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenNoFrameIsLeftForACopyThenThePageStaysShared(FaultDesign design)
    {
        using var guest = new Guest(design, frames: 64);
        guest.Map(0, 1);
        guest.Touch(0, 1);
        AddressSpace child = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(child);
        List<uint> taken = [];
        while (guest.Memory.Frames.TryAllocate() is var frame and not PhysicalMemory.NoFrame) taken.Add(frame);
        Assert.Equal(FaultSignal.OutOfMemory, Guest.SignalOf(() => cpu.Write(Guest.At(0), 1L)));
        Assert.Equal(guest.FrameOf(0), guest.FrameOf(0, child));
        Assert.Equal(Guest.WordOf(0), cpu.Read<ulong>(Guest.At(0)));
        guest.Memory.Frames.Free([.. taken]);
        cpu.Write(Guest.At(0), 1L);
        Assert.Equal(Guest.WordOf(0), guest.Cpu.Read<ulong>(Guest.At(0)));
        Assert.Equal(1, child.FaultStatistics[FaultEvent.Copy]);
    }
}
