using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CsCheck;

namespace Faultline.Tests.Translation;

public class MemoryAccessorTypedTests
{
    private const int Pages = 6;

    /// <summary>Typed and block accesses of all sizes and alignments against a flat array of bytes.</summary>
    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAccessesOfAnySizeAndAlignmentAreMixedThenMemoryBehavesAsAnArray(FaultDesign design)
    {
        Gen<(int, int, int, bool, byte)> step = Gen.Select(
            Gen.Int[0, 11], Gen.Int[0, Pages * Page.Size], Gen.Int[0, 9000], Gen.Bool, Gen.Byte, (k, a, l, w, v) => (k, a, l, w, v));
        step.Array[1, 60].Sample(
            steps =>
            {
                using var guest = new Guest(design, frames: 64);
                guest.Map(0, Pages);
                byte[] model = new byte[Pages * Page.Size];
                foreach (var (kind, offset, length, write, value) in steps) Step(guest.Cpu, model, kind, offset, length, write, value);
                byte[] all = new byte[model.Length];
                guest.Cpu.CopyTo(Guest.Base, all);
                Assert.Equal(model, all);
            },
            iter: 200);
    }

    private static void Step(MemoryAccessor cpu, byte[] model, int kind, int offset, int length, bool write, byte value)
    {
        switch (kind)
        {
            case 0: Typed<byte>(cpu, model, offset, write, value); break;
            case 1: Typed<short>(cpu, model, offset, write, value); break;
            case 2: Typed<int>(cpu, model, offset, write, value); break;
            case 3: Typed<long>(cpu, model, offset, write, value); break;
            case 4: Typed<Guid>(cpu, model, offset, write, value); break;
            case 5: Typed<Bytes3>(cpu, model, offset, write, value); break;
            case 6: Typed<Bytes12>(cpu, model, offset, write, value); break;
            case 7: Typed<Bytes24>(cpu, model, offset, write, value); break;
            case 8: Typed<Bytes4096>(cpu, model, offset, write, value); break;
            case 9: Typed<Bytes5000>(cpu, model, offset, write, value); break;
            case 10: Block(cpu, model, offset, length, write, value); break;
            default:
                length = Math.Min(length, model.Length - offset);
                cpu.Fill(Guest.Base + (ulong)offset, (ulong)length, value);
                model.AsSpan(offset, length).Fill(value);
                break;
        }
    }

    private static void Typed<T>(MemoryAccessor cpu, byte[] model, int offset, bool write, byte value)
        where T : unmanaged
    {
        offset = Math.Min(offset, model.Length - Unsafe.SizeOf<T>());
        Span<byte> expected = model.AsSpan(offset, Unsafe.SizeOf<T>());
        T word = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref word));
        if (write)
        {
            for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)(value + (i * 7));
            bytes.CopyTo(expected);
            cpu.Write(Guest.Base + (ulong)offset, word);
        }
        else
        {
            word = cpu.Read<T>(Guest.Base + (ulong)offset);
            Assert.True(expected.SequenceEqual(bytes), $"{typeof(T).Name} at offset {offset}.");
        }
    }

    private static void Block(MemoryAccessor cpu, byte[] model, int offset, int length, bool write, byte value)
    {
        Span<byte> expected = model.AsSpan(offset, Math.Min(length, model.Length - offset));
        byte[] bytes = new byte[expected.Length];
        if (write)
        {
            bytes.AsSpan().Fill(value);
            bytes.CopyTo(expected);
            cpu.CopyFrom(bytes, Guest.Base + (ulong)offset);
        }
        else
        {
            cpu.CopyTo(Guest.Base + (ulong)offset, bytes);
            Assert.True(expected.SequenceEqual(bytes));
        }
    }

    [Fact]
    public void WhenAStructIsLargerThanAPageThenAWriteStaysInItsPagesAlsoOnAHit()
    {
        using var guest = new Guest();
        guest.Map(0, 2);
        guest.Touch(0, 2);
        Bytes5000 value = default;
        MemoryMarshal.AsBytes(new Span<Bytes5000>(ref value)).Fill(0xee);
        guest.Cpu.Write(Guest.At(0), value);

        byte[] all = new byte[2 * Page.Size];
        guest.Cpu.CopyTo(Guest.At(0), all);
        Assert.Equal(4999, all.AsSpan().LastIndexOf((byte)0xee));
    }

    [Fact]
    public void WhenAStructOfAPageIsReadAtTheEndOfAllAddressesThenNothingIsMappedThere()
    {
        using var guest = new Guest();
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Read<Bytes4096>(ulong.MaxValue)));
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Write<Bytes4096>(ulong.MaxValue, default)));
        Assert.Equal(FaultSignal.NotMapped, Guest.SignalOf(() => guest.Cpu.Fetch<byte>(ulong.MaxValue)));
    }

    [Theory]
    [ClassData(typeof(Designs))]
    public void WhenAnAccessCrossesIntoUnmappedMemoryThenTheSignalNamesTheFirstByteThatFails(FaultDesign design)
    {
        using var guest = new Guest(design);
        guest.Map(0, 1);
        guest.Touch(0, 1);
        ulong address = Guest.At(1) - 3;
        MemoryFaultException read = Assert.Throws<MemoryFaultException>(() => guest.Cpu.Read<long>(address));
        Assert.Equal((FaultSignal.NotMapped, Guest.At(1), AccessKind.Read), (read.Signal, read.Address, read.Access));
        MemoryFaultException write = Assert.Throws<MemoryFaultException>(() => guest.Cpu.Write(address, -1L));
        Assert.Equal((FaultSignal.NotMapped, Guest.At(1), AccessKind.Write), (write.Signal, write.Address, write.Access));

        // As on x86-64 without a page-crossing check in advance, what came before the fault is written.
        Assert.Equal(0xffffffU, guest.Cpu.Read<uint>(Guest.At(1) - 4) >> 8);
    }

    [Fact]
    public void WhenInstructionsAreFetchedThenThePageMustBeExecutable()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Map(1, 1, Protection.Read | Protection.Write | Protection.Execute);
        guest.Touch(0, 2);
        Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.Fetch<byte>(Guest.At(0))));
        Assert.Equal(Guest.WordOf(1), guest.Cpu.Fetch<ulong>(Guest.At(1)));
        Assert.Equal(Guest.WordOf(1) >> 24, guest.Cpu.Fetch<ulong>(Guest.At(1) + 3) & 0xff_ffff);

        guest.Protect(1, 1, Protection.ReadWrite);
        Assert.Equal(FaultSignal.NotPermitted, Guest.SignalOf(() => guest.Cpu.Fetch<byte>(Guest.At(1))));
        Assert.Equal(Guest.WordOf(1), guest.Cpu.Read<ulong>(Guest.At(1)));
    }

    [Fact]
    public void WhenAPageIsHitThenNothingIsCounted()
    {
        using var guest = new Guest();
        guest.Map(0, 1);
        guest.Touch(0, 1);
        long faults = guest.Space.FaultStatistics.Resolved, refills = guest[Faultline.Diagnostics.FaultEvent.Refill];
        for (int i = 0; i < 1000; i++) guest.Cpu.Write(Guest.At(0), guest.Cpu.Read<int>(Guest.At(0)) + 1);
        Assert.Equal(faults, guest.Space.FaultStatistics.Resolved);
        Assert.Equal(refills, guest[Faultline.Diagnostics.FaultEvent.Refill]);
    }
}
