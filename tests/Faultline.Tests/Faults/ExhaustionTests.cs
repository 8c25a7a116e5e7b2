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

    /// <summary>
    /// Every place that allocates fails once: each step runs with 0, 1, 2 … frames left until it succeeds. Nothing is lost or kept, and the step succeeds afterwards.
    /// </summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAnyAllocationFailsThenNothingIsLostAndTheStepCanBeRepeated(FaultDesign design)
    {
        foreach ((string name, Action<Stage> step) in Steps())
        {
            bool succeeded = false;
            for (int left = 0; !succeeded; left++)
            {
                Assert.True(left < 40, $"{name} needs more frames than it can use.");
                using var stage = new Stage(design);
                List<uint> taken = stage.TakeAllBut(left);
                succeeded = IsPossible(stage, step, name, left);
                stage.Guest.Memory.Frames.Free([.. taken]);
                stage.AssertContents();
                if (!succeeded) Assert.True(IsPossible(stage, step, name, left), $"{name} fails with enough frames.");
                stage.AssertContents();
            }
        }
    }

    private static bool IsPossible(Stage stage, Action<Stage> step, string name, int left)
    {
        try
        {
            step(stage);
            return true;
        }
        catch (MemoryFaultException exception)
        {
            Assert.True(exception.Signal == FaultSignal.OutOfMemory, $"{name}, {left} frames left: {exception.Message}");
        }
        catch (AddressSpaceException exception)
        {
            // Linux's mlock says EAGAIN.
            Assert.True(exception.Error is Errno.ENOMEM or Errno.EAGAIN, $"{name}, {left} frames left: {exception.Message}");
        }

        return false;
    }

    private static IEnumerable<(string Name, Action<Stage> Step)> Steps()
    {
        const ulong Far = 1UL << 40;
        yield return ("first write", stage => stage.Guest.Cpu.Write(Guest.At(Stage.Untouched), 1L));
        yield return ("first read", stage => stage.Guest.Cpu.Read<long>(Guest.At(Stage.Untouched)));
        yield return ("copy", stage => stage.Guest.Cpu.Write(Guest.At(Stage.Forked) + 8, 1L));
        yield return ("copy in the child", stage => stage.ChildCpu.Write(Guest.At(Stage.Forked) + 8, 1L));
        yield return ("zero page replaced", stage => stage.Guest.Cpu.Write(Guest.At(Stage.Zero), 1L));
        yield return ("file read", stage => stage.Guest.Cpu.Read<long>(Guest.At(Stage.File)));
        yield return ("file written privately", stage => stage.Guest.Cpu.Write(Guest.At(Stage.File), 1L));
        yield return ("shared memory", stage => stage.Guest.Cpu.Write(Guest.At(Stage.SharedMemory), 1L));
        yield return ("fork", stage => stage.Guest.Space.Fork().Dispose());
        yield return ("populate", stage => stage.Guest.Advise(Stage.Untouched, 3, Advice.PopulateWrite));
        yield return ("mlock", stage => stage.Guest.Space.MemoryLock(Guest.At(Stage.Untouched), 3 * 4096));
        yield return ("mremap and back", stage =>
        {
            const ulong Length = Stage.Pages * 4096;
            const RemapFlags To = RemapFlags.MayMove | RemapFlags.Fixed;
            stage.Guest.Space.Remap(Guest.At(Stage.Kept), Length, Length, To, Guest.At(Stage.Kept) + Far);
            stage.Guest.Space.Remap(Guest.At(Stage.Kept) + Far, Length, Length, To, Guest.At(Stage.Kept));
        }
        );
        yield return ("migrate", stage =>
        {
            Errno error = stage.Guest.Space.TryMigrate(Guest.At(Stage.Kept), Stage.Pages * 4096, out _);
            if (error != Errno.None) throw new AddressSpaceException("move_pages", error);
        }
        );
        yield return ("another space", stage => new AddressSpace(stage.Guest.Memory).Dispose());
    }

    /// <summary>Pages of every kind, some in tables of their own.</summary>
    private sealed class Stage : IDisposable
    {
        public const int Kept = 0, Pages = 4, Forked = 16, Zero = 32, Untouched = 512 * 512, File = 2 * 512 * 512, SharedMemory = 3 * 512 * 512;

        private readonly Faultline.Files.GeneratedFile _file;

        public Stage(FaultDesign design)
        {
            Guest = new Guest(design, frames: 128);
            Guest.Map(Forked, 2);
            Guest.Touch(Forked, 2);
            Guest.Map(Zero, 1);
            Guest.Cpu.Read<long>(Guest.At(Zero));
            ChildCpu = Guest.NewCpu(Guest.Fork());
            Guest.Map(Kept, Pages);
            Guest.Touch(Kept, Pages);
            Guest.Map(Untouched, 4);
            Guest.Map(SharedMemory, 1, flags: Guest.Shared);
            _file = new Faultline.Files.GeneratedFile(Guest.Memory, "/file", new Faultline.Files.FileIdentity(8, 1, 1));
            Guest.Space.Map(Guest.At(File), 4096, Protection.ReadWrite, Guest.Private, _file, offset: 0);
        }

        public Guest Guest { get; }

        public MemoryAccessor ChildCpu { get; }

        public List<uint> TakeAllBut(int left)
        {
            List<uint> taken = [];
            while (Guest.Memory.Frames.TryAllocate() is var frame and not PhysicalMemory.NoFrame) taken.Add(frame);
            foreach (uint frame in taken[^left..]) Guest.Memory.Frames.Free(frame);
            taken.RemoveRange(taken.Count - left, left);
            return taken;
        }

        public void AssertContents()
        {
            for (int page = Kept; page < Kept + Pages; page++) Assert.Equal(Guest.WordOf(page), Guest.Cpu.Read<ulong>(Guest.At(page)));
            for (int page = Forked; page < Forked + 2; page++)
            {
                Assert.Equal(Guest.WordOf(page), Guest.Cpu.Read<ulong>(Guest.At(page)));
                Assert.Equal(Guest.WordOf(page), ChildCpu.Read<ulong>(Guest.At(page)));
            }
        }

        public void Dispose()
        {
            _file.Dispose();
            Guest.Dispose();
        }
    }
}
