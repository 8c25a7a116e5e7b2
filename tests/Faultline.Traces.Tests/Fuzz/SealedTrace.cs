using Faultline.Traces.Format;
using ZstdSharp;

namespace Faultline.Traces.Tests.Fuzz;

/// <summary>A recording taken apart, to be put together with other contents and sound checksums: what is wrong with it must be found behind them.</summary>
internal sealed class SealedTrace
{
    private readonly List<(uint Tag, byte[] Raw, int Events)> _blocks = [];

    public SealedTrace(byte[] file)
    {
        using var decompressor = new Decompressor();
        for (int at = FileLayout.PrologueSize; at < file.Length - FileLayout.EpilogueSize;)
        {
            BlockHeader header = BlockHeader.Read(file.AsSpan(at));
            _blocks.Add((header.Tag, decompressor.Unwrap(file.AsSpan(at + BlockHeader.Size, header.Stored)).ToArray(), header.Events));
            at += BlockHeader.Size + header.Stored;
        }
    }

    /// <summary>Puts it together with some blocks changed.</summary>
    public byte[] With(Random random, Func<byte[], byte[]> change)
    {
        int changed = random.Next(_blocks.Count);
        using var compressor = new Compressor();
        var file = new MemoryStream();
        Span<byte> prologue = stackalloc byte[FileLayout.PrologueSize];
        FileLayout.WritePrologue(prologue);
        file.Write(prologue);
        long tail = 0;
        for (int i = 0; i < _blocks.Count; i++)
        {
            (uint tag, byte[] raw, int events) = _blocks[i];

            // The events are most of what there is to get wrong.
            if (i == changed || (tag == BlockHeader.EventsTag && random.Next(2) == 0)) raw = change(raw);
            if (tag == BlockHeader.TailTag) tail = file.Length;
            byte[] stored = compressor.Wrap(raw).ToArray(), header = new byte[BlockHeader.Size];
            new BlockHeader(tag, stored.Length, raw.Length, Math.Min(events, raw.Length)).Write(header, stored);
            file.Write(header);
            file.Write(stored);
        }

        Span<byte> epilogue = stackalloc byte[FileLayout.EpilogueSize];
        FileLayout.WriteEpilogue(epilogue, tail);
        file.Write(epilogue);
        return file.ToArray();
    }
}
