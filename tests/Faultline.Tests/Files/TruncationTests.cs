using CsCheck;
using Faultline.Files;

namespace Faultline.Tests.Files;

public class TruncationTests
{
    private const ulong P = Page.Size;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAFileIsCutThenPagesBeyondItsEndAreABusErrorEverywhereAndComeHome(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new StoredFile(guest.Memory, Filled(4));
        AddressSpace other = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(other);
        guest.Space.Map(Guest.At(0), 4 * P, Protection.ReadWrite, Guest.Shared, file, 0);
        other.Map(Guest.At(8), 4 * P, Protection.ReadWrite, Guest.Private, file, 0);
        for (int page = 0; page < 4; page++) guest.Cpu.Write(Guest.At(page) + 1, (byte)9);
        cpu.Write(Guest.At(8), (byte)77);
        cpu.Write(Guest.At(11), (byte)77);
        cpu.Read<byte>(Guest.At(10));
        long used = guest.FramesInUse;
        file.SetLength(P + 1);

        // Two cached pages, and one copy: as on Linux, what a private mapping copied from beyond the end goes too.
        Assert.Equal(used - 3, guest.FramesInUse);
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Cpu.Read<byte>(Guest.At(2))));
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => cpu.Read<byte>(Guest.At(10))));
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => cpu.Write(Guest.At(11), (byte)1)));
        Assert.Equal((byte)77, cpu.Read<byte>(Guest.At(8)));
        Assert.Equal(((byte)2, (byte)0), (guest.Cpu.Read<byte>(Guest.At(1)), guest.Cpu.Read<byte>(Guest.At(1) + 1)));
        Assert.Equal((P + 1, (int)P + 1), (file.Length, file.Contents.Length));

        file.SetLength(4 * P);
        Assert.Equal((byte)0, guest.Cpu.Read<byte>(Guest.At(2)));
        Assert.Equal((byte)0, cpu.Read<byte>(Guest.At(11)));
        file.Flush();
        Assert.Equal([1, 9, 1], file.Contents[..3]);
        Assert.False(file.Contents.AsSpan((int)P + 1).ContainsAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(P)]
    [InlineData(10)]
    public void WhenAFileBecomesLongerOrStaysAsItIsThenWhatMappingsWroteBehindItsEndIsGone(ulong length)
    {
        using var guest = new Guest();
        using var file = new MemoryFile(guest.Memory, length: 10);
        guest.Space.Map(Guest.At(0), P, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Cpu.Write(Guest.At(0) + 10, (byte)7);
        file.SetLength(length);
        Assert.Equal((byte)0, guest.Cpu.Read<byte>(Guest.At(0) + 10));
    }

    [Fact]
    public void WhenAHoleIsReadByACallThenNoFrameIsTakenForIt()
    {
        using var guest = new Guest();
        using var file = new MemoryFile(guest.Memory, length: 2 * P);
        file.Write(P, [7]);
        long used = guest.FramesInUse;
        byte[] contents = [1, 1, 1, 1];
        Assert.Equal(4, file.Read(P - 3, contents));
        Assert.Equal([0, 0, 0, 7], contents);
        Assert.Equal(used, guest.FramesInUse);
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAHoleIsPunchedThenItIsZeroForAllButTheCopies(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new MemoryFile(guest.Memory, length: 4 * P);
        guest.Space.Map(Guest.At(0), 4 * P, Protection.ReadWrite, Guest.Shared, file, 0);
        for (int page = 0; page < 4; page++) guest.Cpu.Fill(Guest.At(page), P, (byte)(page + 1));
        guest.Space.Map(Guest.At(8), 4 * P, Protection.ReadWrite, Guest.Private, file, 0);
        guest.Cpu.Write(Guest.At(9), (byte)77);
        guest.Cpu.Read<byte>(Guest.At(10));
        long used = guest.FramesInUse;
        guest.Advise(1, 2, Advice.Remove);
        Assert.Equal(used - 2, guest.FramesInUse);
        Assert.Equal(new byte[] { 1, 0, 0, 4 }, Enumerable.Range(0, 4).Select(page => guest.Cpu.Read<byte>(Guest.At(page))));
        Assert.Equal(new byte[] { 1, 77, 0, 4 }, Enumerable.Range(8, 4).Select(page => guest.Cpu.Read<byte>(Guest.At(page))));
        Assert.Equal((byte)2, guest.Cpu.Read<byte>(Guest.At(9) + 1));

        file.PunchHole(5, 10);
        file.PunchHole(P - 1, (2 * P) + 2);
        Assert.Equal([1, 0, 0, 1], [guest.Cpu.Read<byte>(Guest.At(0) + 4), guest.Cpu.Read<byte>(Guest.At(0) + 5), guest.Cpu.Read<byte>(Guest.At(0) + 14), guest.Cpu.Read<byte>(Guest.At(0) + 15)]);
        Assert.Equal([1, 0, 0, 4], [guest.Cpu.Read<byte>(Guest.At(1) - 2), guest.Cpu.Read<byte>(Guest.At(1) - 1), guest.Cpu.Read<byte>(Guest.At(3)), guest.Cpu.Read<byte>(Guest.At(3) + 1)]);
    }

    [Fact]
    public void AFileThatIsNotOnlyItsCacheHasNoHoles()
    {
        using var guest = new Guest();
        using var file = new StoredFile(guest.Memory, new byte[P]);
        guest.Space.Map(Guest.At(0), P, Protection.ReadWrite, Guest.Shared, file, 0);
        Assert.Equal(Errno.EOPNOTSUPP, guest.Space.TryAdvise(Guest.At(0), P, Advice.Remove));
        Assert.Throws<NotSupportedException>(() => file.PunchHole(0, P));
    }

    [Fact]
    public void WhenAMappingIsSplitMovedAndForkedThenTheCutFindsAllParts()
    {
        using var guest = new Guest();
        using var file = new MemoryFile(guest.Memory, length: 8 * P);
        guest.Space.Map(Guest.At(0), 8 * P, Protection.ReadWrite, Guest.Shared, file, 0);
        for (int page = 0; page < 8; page++) guest.Cpu.Write(Guest.At(page), (byte)(page + 1));
        guest.Protect(2, 1, Protection.Read);
        guest.Space.Remap(Guest.At(4), 4 * P, 4 * P, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(700));
        guest.Unmap(5 + 696, 1);
        AddressSpace child = guest.Fork();
        MemoryAccessor cpu = guest.NewCpu(child);
        foreach (int page in new[] { 0, 1, 2, 3, 700, 702, 703 }) Assert.Equal(guest.Cpu.Read<byte>(Guest.At(page)), cpu.Read<byte>(Guest.At(page)));
        file.SetLength(P);
        foreach (int page in new[] { 1, 2, 3, 700, 702, 703 })
        {
            Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Cpu.Read<byte>(Guest.At(page))));
            Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => cpu.Read<byte>(Guest.At(page))));
        }

        Assert.Equal((byte)1, cpu.Read<byte>(Guest.At(0)));
    }

    /// <summary>Writers and readers of all kinds beside a thread that cuts and lengthens: whatever they see was written, or is zero, or SIGBUS.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAFileIsCutUnderFaultsThenEveryAccessSeesAPageOfTheFileOrABusError(FaultDesign design)
    {
        const int Pages = 8;
        using var guest = new Guest(design, frames: 1024);
        using var file = new MemoryFile(guest.Memory, length: Pages * P);
        AddressSpace other = guest.Fork();
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Shared, file, 0);
        other.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Private, file, 0);
        var crew = new Crew();
        MemoryAccessor writer = guest.NewCpu(), reader = guest.NewCpu(), copier = guest.NewCpu(other);
        crew.StartLoop(round => TryTo(() => writer.Fill(Guest.At(round % Pages), P, (byte)(1 + (round % Pages)))));
        crew.StartLoop(round => TryTo(() => AssertPage(reader, round % Pages)));
        crew.StartLoop(round => TryTo(() =>
        {
            // A word that the page does not have, in a copy of its own; then the rest of the copy.
            int page = round % Pages;
            copier.Write(Guest.At(page), (byte)(1 + page));
            AssertPage(copier, page);
            if (round % 16 == 0) other.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Private, file, 0);
        }));
        crew.StartLoop(round =>
        {
            file.SetLength(((ulong)round % Pages) * P);
            file.SetLength(Pages * P);
            if (round % 8 == 0) guest.Space.Remap(Guest.At(0), Pages * P, Pages * P, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(1024));
            if (round % 8 == 0) guest.Space.Remap(Guest.At(1024), Pages * P, Pages * P, RemapFlags.MayMove | RemapFlags.Fixed, Guest.At(0));
        });
        crew.RunFor(TimeSpan.FromMilliseconds(400));
        file.SetLength(0);
        for (int page = 0; page < Pages; page++)
        {
            Assert.True(guest.EntryOf(page).IsNone);
            Assert.True(guest.EntryOf(page, other).IsNone);
        }

        static void AssertPage(MemoryAccessor cpu, int page)
        {
            byte[] seen = new byte[P];
            cpu.CopyTo(Guest.At(page), seen);
            Assert.False(seen.AsSpan().ContainsAnyExcept((byte)0, (byte)(1 + page)));
        }

        static void TryTo(Action access)
        {
            try
            {
                access();
            }
            catch (MemoryFaultException exception)
            {
                Assert.Contains(exception.Signal, new[] { FaultSignal.BusError, FaultSignal.NotMapped });
            }
        }
    }

    /// <summary>Forks of a private mapping, whose cached pages they copy, beside a thread that cuts: no page of a cut file stays in a child.</summary>
    [Fact]
    public void WhenAFileIsCutUnderAForkThenTheChildHasNoPageBeyondTheEnd()
    {
        const int Pages = 32;
        using var guest = new Guest();
        using var file = new MemoryFile(guest.Memory, length: Pages * P);
        guest.Space.Map(Guest.At(0), Pages * P, Protection.ReadWrite, Guest.Private, file, 0);
        for (int round = 0; round < 60; round++)
        {
            for (int page = 0; page < Pages; page++) guest.Cpu.Read<byte>(Guest.At(page));
            guest.Cpu.Write(Guest.At(round % Pages), (byte)1);
            var crew = new Crew();
            crew.Start(() => file.SetLength(0));
            using AddressSpace child = guest.Space.Fork();
            crew.Join();
            for (int page = 0; page < Pages; page++) Assert.True(guest.EntryOf(page, child).IsNone && guest.EntryOf(page).IsNone);
            file.SetLength(Pages * P);
        }
    }

    private static byte[] Filled(int pages) => [.. Enumerable.Range(0, pages * (int)P).Select(i => (byte)(1 + (i / (int)P)))];
}
