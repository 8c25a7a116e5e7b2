using Faultline.Diagnostics;
using Faultline.Files;
using Faultline.Physical;
using Faultline.Tests.Faults;
using Faultline.Tests.Files;
using Faultline.Tests.Stress;
using static Faultline.Tests.Guest;

namespace Faultline.Tests.Calls;

/// <summary>Pins: <see cref="AddressSpace.TryPinPages"/> and <see cref="PinnedPages"/>.</summary>
public class PinTests
{
    private const ulong P = Page.Size;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPinnedForWritingThenMemoryAndPinShowEachOthersWrites(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(510, 4);
        guest.Touch(511, 1);
        using PinnedPages pinned = guest.Space.PinPages(At(510) + 100, 3 * P, PinFlags.Write);
        Assert.Equal((At(510), 4, 4 * P, PinFlags.Write), (pinned.Address, pinned.PageCount, pinned.Length, pinned.Flags));
        for (int page = 510; page < 514; page++)
        {
            Assert.Equal(page == 511 ? WordOf(511) : 0, WordAt(pinned, page));
            Write(pinned, page, (ulong)page);
            Assert.Equal((ulong)page, guest.Cpu.Read<ulong>(At(page)));
            guest.Touch(page, 1);
            Assert.Equal(WordOf(page), WordAt(pinned, page));
        }

        // Across pages, by copies and by spans.
        byte[] sent = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i + 1))], received = new byte[5000];
        pinned.Write(sent, At(511) - 7);
        pinned.Read(At(511) - 7, received);
        Assert.Equal(sent, received);
        guest.Cpu.CopyTo(At(511) - 7, received);
        Assert.Equal(sent, received);
        Assert.Equal(sent[7..(7 + Page.Size)], pinned.GetPage(1).ToArray());
        pinned.GetWritablePage(3)[0] = 99;
        Assert.Equal(99, guest.Cpu.Read<byte>(At(513)));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenMemoryIsUnmappedThenThePinKeepsItsFramesUntilItsEnd(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 4);
        guest.Touch(0, 4);
        PinnedPages pinned = guest.Space.PinPages(At(1), 2 * P, PinFlags.Write | PinFlags.LongTerm);
        uint frame = guest.FrameOf(1);
        guest.Unmap(0, 4);
        guest.Map(0, 4);
        guest.Touch(0, 4);
        Assert.NotEqual(frame, guest.FrameOf(1));
        Write(pinned, 1, 7);
        Assert.Equal((WordOf(1), 7UL, WordOf(2)), (guest.Cpu.Read<ulong>(At(1)), WordAt(pinned, 1), WordAt(pinned, 2)));
        guest.Unmap(0, 4);
        long used = guest.FramesInUse;
        pinned.Dispose();
        Assert.Equal(used - 2, guest.FramesInUse);
        pinned.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pinned.GetPage(0).Length);
        Assert.Throws<ObjectDisposedException>(() => pinned.Read(At(1), new byte[1]));
    }

    [Fact]
    public void WhenTheSpaceGoesFirstThenThePinKeepsItsPages()
    {
        using var guest = new Guest();
        AddressSpace child = guest.Fork();
        child.Map(At(0), P, Protection.ReadWrite, Private);
        using PinnedPages pinned = child.PinPages(At(0), P, PinFlags.Write);
        Write(pinned, 0, 5);
        child.Dispose();
        Assert.Equal(5UL, WordAt(pinned, 0));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenThePagesAreDroppedThenTheMemoryBeginsAnewAndThePinKeepsTheOldOnes(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 2);
        guest.Touch(0, 2);
        using PinnedPages pinned = guest.Space.PinPages(At(0), 2 * P);
        guest.Advise(0, 1, Advice.DontNeed);
        Assert.Equal(0UL, guest.Cpu.Read<ulong>(At(0)));
        Assert.Equal((WordOf(0), WordOf(1)), (WordAt(pinned, 0), WordAt(pinned, 1)));
    }

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

    [Fact]
    public void WhenUntouchedMemoryIsPinnedThenOnlyAShortPinIsOfTheSharedPageOfZeroes()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        using (PinnedPages brief = guest.Space.PinPages(At(0), 2 * P))
        {
            Assert.Equal(PhysicalMemory.ZeroFrame, guest.FrameOf(0));
            Assert.Equal(0UL, WordAt(brief, 1));
        }

        using PinnedPages lasting = guest.Space.PinPages(At(0), 2 * P, PinFlags.LongTerm);
        Assert.NotEqual(PhysicalMemory.ZeroFrame, guest.FrameOf(0));
        guest.Touch(0, 2);
        Assert.Equal((WordOf(0), WordOf(1)), (WordAt(lasting, 0), WordAt(lasting, 1)));
    }

    [Fact]
    public void WhenAPrivateMapOfAFileIsPinnedThenOnlyAShortPinIsOfTheFilesPage()
    {
        using var guest = new Guest();
        using var file = new TestFile(guest.Memory);
        guest.Space.Map(At(0), P, Protection.ReadWrite, Private, file, 5 * P);
        uint cached;
        using (PinnedPages brief = guest.Space.PinPages(At(0), P))
        {
            cached = guest.FrameOf(0);
            guest.Touch(0, 1);
            Assert.Equal(0x0505_0505_0505_0505UL, WordAt(brief, 0));
        }

        guest.Space.Map(At(0), P, Protection.ReadWrite, Private, file, 5 * P);
        guest.Cpu.Read<int>(At(0));
        Assert.Equal(cached, guest.FrameOf(0));
        using PinnedPages lasting = guest.Space.PinPages(At(0), P, PinFlags.LongTerm);
        Assert.NotEqual(cached, guest.FrameOf(0));
        Assert.Equal(0x0505_0505_0505_0505UL, WordAt(lasting, 0));
        guest.Touch(0, 1);
        Assert.Equal(WordOf(0), WordAt(lasting, 0));
    }

    [Fact]
    public void WhenPinnedThenAPageIsNeitherMovedNorPoisoned()
    {
        using var guest = new Guest(privileged: true);
        guest.Map(0, 2);
        guest.Touch(0, 2);
        uint frame = guest.FrameOf(0);
        PinnedPages pinned = guest.Space.PinPages(At(0), P);
        Assert.True(guest.Memory.Info(frame).IsPinned);
        Assert.Equal(Errno.None, guest.Space.TryMigrate(At(0), 2 * P, out int moved));
        Assert.Equal((1, frame), (moved, guest.FrameOf(0)));
        pinned.Dispose();
        Assert.False(guest.Memory.Info(frame).IsPinned);
        guest.Space.TryMigrate(At(0), 2 * P, out moved);
        Assert.Equal(2, moved);
    }

    [Fact]
    public void WhenMovedByACallThenPageAndPinStayTogether()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        using PinnedPages pinned = guest.Space.PinPages(At(0), P, PinFlags.Write);
        guest.Space.Remap(At(0), P, P, RemapFlags.MayMove | RemapFlags.Fixed, At(600));
        Write(pinned, 0, 8);
        Assert.Equal(8UL, guest.Cpu.Read<ulong>(At(600)));
    }

    [Fact]
    public void WhenAPageCannotBePinnedThenThoseBeforeItAre()
    {
        using var guest = new Guest();
        guest.Map(0, 3);
        guest.Map(3, 1, Protection.Read);
        using PinnedPages all = guest.Space.PinPages(At(0), 8 * P);
        Assert.Equal(4, all.PageCount);
        using PinnedPages writable = guest.Space.PinPages(At(0), 8 * P, PinFlags.Write);
        Assert.Equal(3, writable.PageCount);
        Assert.Throws<ArgumentOutOfRangeException>(() => writable.Read(At(3) - 1, new byte[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writable.Read(At(0) - 1, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writable.GetPage(3).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => writable.GetWritablePage(-1).Length);
    }

    [Fact]
    public void WhenTheUseIsNotAllowedThenTheErrorIsThatOfLinux()
    {
        using var guest = new Guest(privileged: true);
        using var file = new StoredFile(guest.Memory, new byte[P]);
        using var device = new DeviceMemory(guest.Memory, "/dev/fb0", new FileIdentity(0, 6, 1), frames: 1);
        guest.Map(1, 1, Protection.None);
        guest.Map(2, 1, Protection.Write);
        guest.Map(3, 1, Protection.Execute);
        guest.Map(4, 1, Protection.Read);
        guest.Map(5, 1);
        guest.Touch(5, 1);
        guest.Advise(5, 1, Advice.HardwarePoison);
        guest.Space.Map(At(6), 2 * P, Protection.ReadWrite, Shared, file, 0);
        guest.Space.Map(At(8), P, Protection.ReadWrite, Shared, device, 0);

        Errno Pin(int page, PinFlags flags = PinFlags.None, ulong length = P)
        {
            Errno error = guest.Space.TryPinPages(At(page), length, flags, out PinnedPages? pinned);
            Assert.Equal(error != Errno.None, pinned is null);
            pinned?.Dispose();
            return error;
        }

        foreach (int page in new[] { 0, 1, 2, 3, 5, 7, 8 }) Assert.Equal((page, Errno.EFAULT), (page, Pin(page)));
        foreach (int page in new[] { 0, 1, 3, 4, 5, 7, 8 }) Assert.Equal((page, Errno.EFAULT), (page, Pin(page, PinFlags.Write)));
        Assert.Equal((Errno.None, Errno.None), (Pin(2, PinFlags.Write), Pin(4, PinFlags.LongTerm)));

        // The file tracks what is written: a lasting pin's writes would escape it.
        Assert.Equal((Errno.None, Errno.EFAULT), (Pin(6, PinFlags.Write), Pin(6, PinFlags.Write | PinFlags.LongTerm)));
        Assert.Equal(Errno.None, Pin(6, PinFlags.LongTerm));

        Assert.Equal((Errno.EINVAL, Errno.EINVAL, Errno.EINVAL), (Pin(4, (PinFlags)8), Pin(4, length: 0), Pin(4, length: (1UL << 31) + 1)));
        Assert.Equal(Errno.EFAULT, guest.Space.TryPinPages(ulong.MaxValue - P, P, PinFlags.None, out _));
        Assert.Equal(Errno.EFAULT, Assert.Throws<AddressSpaceException>(() => guest.Space.PinPages(At(0), P)).Error);
        using PinnedPages reading = guest.Space.PinPages(At(4), P);
        Assert.Throws<InvalidOperationException>(() => reading.Write([1], At(4)));
        Assert.Throws<InvalidOperationException>(() => reading.GetWritablePage(0).Length);
    }

    [Fact]
    public void WhenNoFrameIsLeftThenWhatCouldBePinnedIsAndTheFirstPageIsAnError()
    {
        using var guest = new Guest(frames: 64);
        guest.Map(0, 64);
        guest.Touch(0, 1);
        using PinnedPages some = guest.Space.PinPages(At(0), 64 * P, PinFlags.Write);
        Assert.InRange(some.PageCount, 32, 63);
        Assert.Equal(Errno.ENOMEM, guest.Space.TryPinPages(At(some.PageCount), P, PinFlags.Write, out _));
    }

    [Fact]
    public void WhenAFilesPageIsWrittenThroughThePinThenItIsWrittenBackAgain()
    {
        using var guest = new Guest();
        using var file = new StoredFile(guest.Memory, new byte[P]);
        guest.Space.Map(At(0), P, Protection.ReadWrite, Shared, file, 0);
        PinnedPages pinned = guest.Space.PinPages(At(0), P, PinFlags.Write);
        guest.Space.MemorySync(At(0), P);
        Assert.Equal([0UL], file.TakeWritten());
        Write(pinned, 0, 9);
        pinned.Dispose();
        guest.Space.MemorySync(At(0), P);
        Assert.Equal([0UL], file.TakeWritten());
        Assert.Equal(9UL, guest.Cpu.Read<ulong>(At(0)));
    }

    [Fact]
    public void WhenTheFileIsTruncatedThenThePinKeepsThePage()
    {
        using var guest = new Guest();
        using var file = new StoredFile(guest.Memory, new byte[2 * P]);
        guest.Space.Map(At(0), 2 * P, Protection.ReadWrite, Shared, file, 0);
        guest.Touch(1, 1);
        PinnedPages pinned = guest.Space.PinPages(At(1), P, PinFlags.Write);
        file.SetLength(P);
        Assert.Equal(FaultSignal.BusError, SignalOf(() => guest.Cpu.Read<int>(At(1))));
        Assert.Equal(WordOf(1), WordAt(pinned, 1));
        long used = guest.FramesInUse;
        pinned.Dispose();
        Assert.Equal(used - 1, guest.FramesInUse);
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

    private static ulong WordAt(PinnedPages pinned, int page)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        pinned.Read(At(page), word);
        return BitConverter.ToUInt64(word);
    }

    private static void Write(PinnedPages pinned, int page, ulong word) => pinned.Write(BitConverter.GetBytes(word), At(page));
}
