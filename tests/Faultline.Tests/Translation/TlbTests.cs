using CsCheck;
using Faultline.Paging;
using Faultline.Translation;

namespace Faultline.Tests.Translation;

public unsafe class TlbTests
{
    private const ulong P = Page.Size;

    private static readonly Pte s_writable = new(Pte.PresentBit | Pte.WritableBit | Pte.DirtyBit);

    [Fact]
    public void WhenAnEntryIsFilledThenEachAccessHasATagOnlyIfTheEntryAllowsIt()
    {
        using var block = new Block();
        byte* frame = (byte*)0x5000_0000;
        block.Tlb.Fill(7 * P, s_writable, frame);
        Assert.Equal((7 * P, 7 * P, 7 * P), block.Tags(7));
        Assert.Equal((ulong)frame, (7 * P) + block.Tlb.At(7 * P).Addend);

        block.Tlb.Fill(7 * P, s_writable.With(Pte.NoExecuteBit), frame);
        Assert.Equal((7 * P, 7 * P, TlbEntry.Invalid), block.Tags(7));

        // The first write to a clean page must pass the page table.
        block.Tlb.Fill(7 * P, s_writable.Without(Pte.DirtyBit), frame);
        Assert.Equal((7 * P, TlbEntry.Invalid, 7 * P), block.Tags(7));
        block.Tlb.Fill(7 * P, s_writable.Without(Pte.WritableBit), frame);
        Assert.Equal((7 * P, TlbEntry.Invalid, 7 * P), block.Tags(7));

        block.Tlb.Drop(7 * P);
        Assert.Equal((TlbEntry.Invalid, TlbEntry.Invalid, TlbEntry.Invalid), block.Tags(7));
    }

    [Fact]
    public void WhenTwoPagesShareAnEntryThenTheLaterOneHasIt()
    {
        using var block = new Block();
        block.Tlb.Fill(3 * P, s_writable, null);
        block.Tlb.Fill((3 + Tlb.Entries) * P, s_writable, null);
        Assert.NotEqual(3 * P, block.Tlb.At(3 * P).ReadTag);

        // And shooting the earlier one down leaves it alone.
        block.Tlb.Invalidate(3 * P, 4 * P);
        Assert.Equal((3 + Tlb.Entries) * P, block.Tlb.At(3 * P).ReadTag);
    }

    [Fact]
    public void WhenTagsOfAnEntryNameDifferentPagesThenEachIsShotDownByItself()
    {
        using var block = new Block();
        block.Tlb.Fill(3 * P, s_writable, null);
        block.Tlb.At(3 * P).ReadTag = (3 + Tlb.Entries) * P;
        block.Tlb.Invalidate(3 * P, 4 * P);
        Assert.Equal(((3 + Tlb.Entries) * P, TlbEntry.Invalid, TlbEntry.Invalid), block.Tags(3));
    }

    [Fact]
    public void WhenARangeIsShotDownThenExactlyItsPagesGo()
    {
        Gen<int> page = Gen.Int[0, 3 * Tlb.Entries];
        Gen.Select(page.Array[0, 40], page, Gen.Int[1, 2 * Tlb.Entries]).Sample((filled, start, length) =>
        {
            using var block = new Block();
            foreach (int at in filled) block.Tlb.Fill((ulong)at * P, s_writable, null);
            HashSet<int> before = [.. filled.Where(at => block.Tlb.At((ulong)at * P).ReadTag == (ulong)at * P)];
            block.Tlb.Invalidate((ulong)start * P, (ulong)(start + length) * P);
            foreach (int at in before)
            {
                bool kept = at < start || at >= start + length;
                ulong tag = kept ? (ulong)at * P : TlbEntry.Invalid;
                Assert.Equal((tag, tag, tag), block.Tags(at));
            }
        });
    }

    [Fact]
    public void WhenTheTlbIsClearedThenNothingIsLeft()
    {
        using var block = new Block();
        for (ulong at = 0; at < Tlb.Entries; at++) block.Tlb.Fill(at * P, s_writable, null);
        block.Tlb.Clear();
        for (int at = 0; at < Tlb.Entries; at++) Assert.Equal((TlbEntry.Invalid, TlbEntry.Invalid, TlbEntry.Invalid), block.Tags(at));
    }

    private sealed class Block : IDisposable
    {
        private readonly Faultline.Physical.NativeBlock _memory = new(Tlb.SizeInBytes, Faultline.Physical.NativeBlock.CacheLine);

        public Block()
        {
            Tlb = new Tlb((TlbEntry*)_memory.Start);
            Tlb.Clear();
        }

        public Tlb Tlb { get; }

        public (ulong Read, ulong Write, ulong Fetch) Tags(int page)
        {
            ref TlbEntry entry = ref Tlb.At((ulong)page * P);
            return (entry.ReadTag, entry.WriteTag, entry.FetchTag);
        }

        public void Dispose() => _memory.Dispose();
    }
}
