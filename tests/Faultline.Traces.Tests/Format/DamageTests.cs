using CsCheck;
using Faultline.Traces.Format;

namespace Faultline.Traces.Tests;

/// <summary>A damaged or truncated file ends in one clear error, never in a crash, a hang or wrong events.</summary>
public class DamageTests
{
    private static readonly byte[] s_file = File.ReadAllBytes(Samples.Named("fork.fltrace"));

    private static int ReadAll(byte[] file)
    {
        using var reader = TraceReader.Open(new MemoryStream(file));
        var count = 0;
        while (reader.Read()) count++;
        return count;
    }

    private static TraceFormatException Fails(byte[] file)
    {
        var error = Assert.Throws<TraceFormatException>(() => ReadAll(file));
        Assert.NotEmpty(error.Cure);
        return error;
    }

    [Fact]
    public void WhenTheFileEndsAnywhereThenItIsCalledTruncated()
    {
        for (var length = 1; length < s_file.Length; length++)
        {
            var error = Fails(s_file[..length]);
            if (length >= sizeof(ulong)) Assert.Contains("truncated", error.Message);
        }
    }

    [Fact]
    public void WhenTheFileEndsAtABlockBoundaryThenTheBlockAndOffsetAreNamed()
    {
        var block = 1;
        for (var at = FileLayout.PrologueSize; at < s_file.Length - FileLayout.EpilogueSize; block++)
        {
            Assert.Contains($"block {block} at byte {at}", Fails(s_file[..at]).Message);
            at += BlockHeader.Size + BlockHeader.Read(s_file.AsSpan(at)).Stored;
        }
        Assert.True(block > 3);
    }

    [Fact]
    public void WhenABlockIsDamagedThenItHasTheNumberThatATruncatedFileGivesIt()
    {
        var block = 1;
        for (var at = FileLayout.PrologueSize; at < s_file.Length - FileLayout.EpilogueSize; block++)
        {
            var damaged = s_file.ToArray();
            damaged[at + BlockHeader.Size] ^= 1;
            at += BlockHeader.Size + BlockHeader.Read(s_file.AsSpan(at)).Stored;
            var isLast = at == s_file.Length - FileLayout.EpilogueSize;
            Assert.Contains(isLast ? "the last block at byte" : $"block {block} at byte", Fails(damaged).Message);
        }
    }

    [Fact]
    public void WhenAnySingleByteChangesThenItIsDetected()
    {
        for (var at = 0; at < s_file.Length; at++)
        {
            var damaged = s_file.ToArray();
            damaged[at] ^= (byte)(1 << (at % 8));
            Assert.Throws<TraceFormatException>(() => ReadAll(damaged));
        }
    }

    [Fact]
    public void WhenBytesAreChangedAtRandomThenItIsDetected() =>
        Gen.Select(Gen.Int[0, s_file.Length - 1].Array[1, 20], Gen.Byte[1, 255]).Sample((places, flip) =>
        {
            var damaged = s_file.ToArray();
            foreach (var at in places.Distinct()) damaged[at] ^= flip;
            Fails(damaged);
        }, iter: 500);

    [Fact]
    public void WhenBytesFollowTheEndThenItIsDetected() => Fails([.. s_file, 0]);

    [Fact]
    public void WhenABlockIsRepeatedOrLeftOutThenItIsDetected()
    {
        var head = FileLayout.PrologueSize;
        var first = head + BlockHeader.Size + BlockHeader.Read(s_file.AsSpan(head)).Stored;
        var second = first + BlockHeader.Size + BlockHeader.Read(s_file.AsSpan(first)).Stored;
        Fails([.. s_file[..first], .. s_file[first..second], .. s_file[first..]]);
        Fails([.. s_file[..first], .. s_file[second..]]);
    }

    [Fact]
    public void WhenAHostileFileHasSoundChecksumsThenItStillCannotDoHarm() => Gen.Byte.Array[0, 200].Sample(columns =>
    {
        // Random bytes as the columns of a block whose checksum is right: every value is checked before it is used.
        var (file, tail) = Forge(columns, events: 3);
        Assert.True(tail > 0);
        Fails(file);
    }, iter: 500);

    [Fact]
    public void WhenTheVersionIsNewerThenTheMessageSaysSo()
    {
        var newer = s_file.ToArray();
        newer[sizeof(ulong)] = FileLayout.Version + 1;
        var crc = FileLayout.PrologueSize - sizeof(uint);
        BitConverter.GetBytes(Crc32C.Compute(newer.AsSpan(0, crc))).CopyTo(newer, crc);
        Assert.Contains($"format version {FileLayout.Version + 1}", Fails(newer).Message);
    }

    [Fact]
    public void WhenTheFileIsSomethingElseThenTheMessageSaysSo()
    {
        Assert.Contains("not a Faultline recording", Fails("ELF or whatever"u8.ToArray()).Message);
        Assert.Contains("not a Faultline recording", Fails([]).Message);
    }

    [Fact]
    public void ChecksumIsTheCastagnoliOne() => Assert.Equal(0xE306_9283u, Crc32C.Compute("123456789"u8));

    private static (byte[] File, long Tail) Forge(byte[] columns, int events)
    {
        using var compressor = new ZstdSharp.Compressor();
        var file = new MemoryStream();
        var prologue = new byte[FileLayout.PrologueSize];
        FileLayout.WritePrologue(prologue);
        file.Write(prologue);
        Block(BlockHeader.HeadTag, "{\"createdBy\":\"\",\"source\":\"\"}"u8, 0);
        Block(BlockHeader.EventsTag, columns, Math.Min(events, columns.Length));
        var tail = file.Length;
        Block(BlockHeader.TailTag, "{\"events\":3}"u8, 0);
        var epilogue = new byte[FileLayout.EpilogueSize];
        FileLayout.WriteEpilogue(epilogue, tail);
        file.Write(epilogue);
        return (file.ToArray(), tail);

        void Block(uint tag, ReadOnlySpan<byte> raw, int count)
        {
            var stored = compressor.Wrap(raw);
            var header = new byte[BlockHeader.Size];
            new BlockHeader(tag, stored.Length, raw.Length, count).Write(header, stored);
            file.Write(header);
            file.Write(stored);
        }
    }
}
