using Faultline.Physical;
using Faultline.Tests.Files;
using static Faultline.Tests.Calls.PinnedWords;
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
}
