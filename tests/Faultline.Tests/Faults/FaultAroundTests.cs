using CsCheck;
using Faultline.Diagnostics;
using Faultline.Files;
using Faultline.Physical;

namespace Faultline.Tests.Faults;

public class FaultAroundTests
{
    private const int Window = 16;
    private const ulong P = Page.Size;

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenPagesAreInMemoryThenOneFaultMapsTheWindow(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new MemoryFile(guest.Memory, length: 64 * P);
        for (ulong page = 0; page < 64; page++) file.Write(page * P, [(byte)(page + 1)]);
        guest.Space.Map(Guest.At(0), 64 * P, Protection.Read, Guest.Private, file, 0);
        for (int page = 0; page < 64; page++) Assert.Equal((byte)(page + 1), guest.Cpu.Read<byte>(Guest.At(page)));
        Assert.Equal((64 / Window, 64 - (64 / Window)), (guest[FaultEvent.FilePage], guest[FaultEvent.Refill]));
        FrameInfo frame = guest.Memory.Info(guest.FrameOf(33));
        Assert.Equal((2u, 1u), (frame.Refs, frame.Maps));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAnAccessIsBeyondTheEndThenItsNeighboursAreMappedAllTheSame(FaultDesign design)
    {
        using var guest = new Guest(design);
        using var file = new MemoryFile(guest.Memory, length: 3 * P);
        file.Write(2 * P, [1]);
        guest.Space.Map(Guest.At(0), 4 * P, Protection.ReadWrite, Guest.Private, file, 0);
        Assert.Equal(FaultSignal.BusError, Guest.SignalOf(() => guest.Cpu.Read<byte>(Guest.At(3))));
        Assert.Equal([true, true, false, true], Enumerable.Range(0, 4).Select(page => guest.EntryOf(page).IsNone));
    }

    [Fact]
    public void AWriteMapsNothingButItsPage()
    {
        using var guest = new Guest();
        using var file = new MemoryFile(guest.Memory, length: 4 * P);
        for (ulong page = 0; page < 4; page++) file.Write(page * P, [1]);
        guest.Space.Map(Guest.At(0), 4 * P, Protection.ReadWrite, Guest.Shared, file, 0);
        guest.Cpu.Write(Guest.At(1), (byte)2);
        Assert.Equal([true, false, true, true], Enumerable.Range(0, 4).Select(page => guest.EntryOf(page).IsNone));
    }

    /// <summary>As observed on Linux 6.18. A page table has 512 pages.</summary>
    [Theory]
    [InlineData(0, 5, 0, 15)]
    [InlineData(5, 6, 5, 20)]
    [InlineData(5, 17, 16, 31)]
    [InlineData(13, 14, 13, 28)]
    [InlineData(500, 501, 500, 511)]
    [InlineData(505, 513, 512, 527)]
    public void TheWindowBeginsAlignedOrWithTheAreaAndEndsWithTheTable(int start, int touched, int first, int last)
    {
        using var guest = new Guest();
        using var file = new MemoryFile(guest.Memory, length: 64 * P);
        for (ulong page = 0; page < 64; page++) file.Write(page * P, [1]);
        guest.Space.Map(Guest.At(start), 64 * P, Protection.Read, Guest.Private, file, 0);
        guest.Cpu.Read<byte>(Guest.At(touched));
        Assert.Equal(Enumerable.Range(first, last - first + 1), Enumerable.Range(start, 64).Where(page => !guest.EntryOf(page).IsNone));
    }

    /// <summary>What a fault maps: pages in memory, of its area, in its window, without an entry so far.</summary>
    [Fact]
    public void AFaultMapsExactlyTheCachedNeighboursOfItsAreaThatAreNotMapped() =>
        Gen.Select(Gen.Int[0, 40], Gen.Int[1, 40], Gen.Int[0, 70], Gen.Bool.Array[120], Gen.Int[0, 79], Gen.Int[0, 39]).Sample((start, pages, offset, cached, written, touched) =>
        {
            using var guest = new Guest();
            using var file = new MemoryFile(guest.Memory, length: 200 * P);
            for (int page = 0; page < cached.Length; page++)
            {
                if (cached[page]) file.Write((ulong)page * P, [(byte)page]);
            }

            guest.Space.Map(Guest.At(start), (ulong)pages * P, Protection.ReadWrite, Guest.Private, file, (ulong)offset * P);
            written = start + (written % pages);
            touched = start + (touched % pages);
            guest.Cpu.Write(Guest.At(written), (byte)200);
            uint copy = guest.FrameOf(written);
            guest.Cpu.Read<byte>(Guest.At(touched));
            for (int page = 0; page < 80; page++)
            {
                int index = page - start + offset;
                int first = Math.Max(touched / Window * Window, start);
                bool inWindow = touched != written && page >= first && page < first + Window;
                bool isCached = page >= start && page < start + pages && (index < cached.Length && cached[index] || page == written);
                bool expected = page == written || page == touched || (inWindow && isCached);
                Assert.Equal(expected, !guest.EntryOf(page).IsNone);
            }

            Assert.Equal(copy, guest.FrameOf(written));
        }, iter: 200);
}
