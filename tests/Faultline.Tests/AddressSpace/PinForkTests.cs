using Faultline.Diagnostics;
using Faultline.Physical;
using Faultline.Tests.Faults;
using Faultline.Tests.Stress;
using static Faultline.Tests.Calls.PinnedWords;
using static Faultline.Tests.Guest;

namespace Faultline.Tests.Calls;

/// <summary>Pinned pages keep their frames in a fork, which copies them at once.</summary>
public class PinForkTests
{
    private const ulong P = Page.Size;

    [Theory]
    [InlineData(PinFlags.None)]
    [InlineData(PinFlags.Write)]
    [InlineData(PinFlags.LongTerm)]
    public void WhenForkedThenTheChildGetsItsCopyAtOnceAndTheParentKeepsThePinnedFrame(PinFlags flags)
    {
        using var guest = new Guest();
        guest.Map(0, 3);
        guest.Touch(0, 3);
        using PinnedPages pinned = guest.Space.PinPages(At(1), P, flags);
        uint frame = guest.FrameOf(1);
        AddressSpace child = guest.Fork();
        Assert.NotEqual(frame, guest.FrameOf(1, child));
        Assert.Equal(guest.FrameOf(2), guest.FrameOf(2, child));

        // No copy is left to do on either side.
        Assert.Empty(FaultRecord.Of(guest, () => guest.Cpu.Write(At(1), 11UL)).Except([FaultEvent.Refill]));
        MemoryAccessor cpu = guest.NewCpu(child);
        Assert.Empty(FaultRecord.Of(guest, () => cpu.Write(At(1) + 8, 12UL), child).Except([FaultEvent.Refill]));
        Assert.Equal((frame, 11UL), (guest.FrameOf(1), WordAt(pinned, 1)));
        Assert.Equal((WordOf(1), 0UL), (cpu.Read<ulong>(At(1)), guest.Cpu.Read<ulong>(At(1) + 8)));
    }

    [Fact]
    public void WhenNoFrameIsLeftForTheChildsCopyThenForkFailsAndTheParentIsAsItWas()
    {
        using var guest = new Guest(frames: 64);
        guest.Map(0, 8);
        guest.Touch(0, 8);
        using PinnedPages pinned = guest.Space.PinPages(At(0), 8 * P, PinFlags.Write);
        var taken = new List<uint>();
        while (guest.Memory.Frames.TryAllocate() is var pfn and not PhysicalMemory.NoFrame) taken.Add(pfn);

        // Enough for the child's tables and some of the copies.
        guest.Memory.Frames.Free([.. taken[^8..]]);
        Assert.Equal(Errno.ENOMEM, guest.Space.TryFork(out _));
        guest.Memory.Frames.Free([.. taken[..^8]]);
        for (int page = 0; page < 8; page++) Assert.Equal(WordOf(page), WordAt(pinned, page));
        Assert.Empty(FaultRecord.Of(guest, () => guest.Touch(0, 8)).Except([FaultEvent.Refill]));
        guest.Fork();
    }

    [Fact]
    public void WhenForkSharedThePageThenAPinOfItGetsItsOwnWithoutMakingItWritable()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(0, 2);
        guest.Protect(1, 1, Protection.Read);
        AddressSpace child = guest.Fork();
        using PinnedPages pinned = guest.Space.PinPages(At(0), 2 * P);
        for (int page = 0; page < 2; page++)
        {
            Assert.NotEqual(guest.FrameOf(page, child), guest.FrameOf(page));
            Assert.Equal(WordOf(page), WordAt(pinned, page));
            Assert.False(guest.EntryOf(page).IsWritable);
        }

        Assert.Equal([FaultEvent.Reuse], FaultRecord.Of(guest, () => guest.Cpu.Write(At(0), 3UL)));
        Assert.Equal(3UL, WordAt(pinned, 0));
        Assert.Equal(FaultSignal.NotPermitted, SignalOf(() => guest.Cpu.Write(At(1), 3UL)));
        MemoryAccessor cpu = guest.NewCpu(child);
        Assert.Equal((WordOf(0), WordOf(1)), (cpu.Read<ulong>(At(0)), cpu.Read<ulong>(At(1))));
    }

    [Fact]
    public void WhenTheOtherSideOfAForkHasGoneThenThePageIsPinnedWhereItIs()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        uint frame = guest.FrameOf(0);
        guest.Space.Fork().Dispose();
        using PinnedPages pinned = guest.Space.PinPages(At(0), P);
        guest.Cpu.Write(At(0), 3UL);
        Assert.Equal((frame, 3UL), (guest.FrameOf(0), WordAt(pinned, 0)));
    }

    /// <summary>One thread writes through pins and looks for it in the memory, others fork and move pages, and writes to the same pages.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPinnedBesideForksMovesAndWritesThenTheMemoryShowsWhatThePinsWrote(FaultDesign design)
    {
        const int Pages = 8;
        using var guest = new Guest(design);
        guest.Map(508, Pages);
        var crew = new Crew();
        MemoryAccessor reader = guest.NewCpu(), writer = guest.NewCpu();
        ulong pins = 0, forks = 0;
        var random = new Random(Seed.Announce());
        crew.StartLoop(_ =>
        {
            int page = 508 + random.Next(Pages);
            PinFlags flags = PinFlags.Write | (random.Next(2) == 0 ? PinFlags.None : PinFlags.LongTerm);
            using PinnedPages pinned = guest.Space.PinPages(At(page), P, flags);
            Write(pinned, page, ++pins);
            Assert.Equal(pins, reader.Read<ulong>(At(page)));
            reader.Write(At(page), ~pins);
            Assert.Equal(~pins, WordAt(pinned, page));
        });
        crew.StartLoop(_ =>
        {
            guest.Space.Fork().Dispose();
            forks++;
        });
        crew.StartLoop(round => writer.Write(At(508 + (round % Pages)) + 64, round));
        crew.StartLoop(_ => guest.Space.TryMigrate(At(508), Pages * P, out int _));
        crew.RunFor(StressTime.OfOneTest);
        Assert.True(pins > 0 && forks > 0, "Nothing was pinned, or nothing forked.");
    }
}
