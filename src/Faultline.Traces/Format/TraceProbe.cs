namespace Faultline.Traces.Format;

/// <summary>Tells what a file is before any block of it is trusted: a recording, a newer one, a truncated one, or something else.</summary>
internal static class TraceProbe
{
    /// <summary>The tail block's offset of a whole file.</summary>
    /// <exception cref="TraceFormatException">The file is anything else.</exception>
    public static long FindTail(Stream input)
    {
        var prologue = new byte[FileLayout.PrologueSize];
        input.Position = 0;
        var read = input.ReadAtLeast(prologue, prologue.Length, throwOnEndOfStream: false);
        if (!FileLayout.HasMagic(prologue.AsSpan(0, read)))
        {
            throw new TraceFormatException("this is not a Faultline recording",
                "Give a file that `faultline record` or `faultline import` wrote");
        }
        if (read < prologue.Length) throw TraceFormatException.Truncated($"it ends after {read} bytes");
        if (!FileLayout.IsPrologueSound(prologue)) throw TraceFormatException.InBlock(0, 0, "a file header whose checksum does not match");
        if (FileLayout.ReadVersion(prologue) is var version and not FileLayout.Version)
        {
            throw new TraceFormatException($"the recording has format version {version}, this program reads {FileLayout.Version}",
                "Use the faultline that wrote it, or record again");
        }

        var epilogue = new byte[FileLayout.EpilogueSize];
        var tail = default(long?);
        if (input.Length >= FileLayout.PrologueSize + FileLayout.EpilogueSize)
        {
            input.Position = input.Length - FileLayout.EpilogueSize;
            input.ReadExactly(epilogue);
            tail = FileLayout.ReadEpilogue(epilogue);
        }
        var last = input.Length - FileLayout.EpilogueSize - BlockHeader.Size;
        if (tail >= FileLayout.PrologueSize && tail <= last) return tail.Value;
        throw Diagnose(input);
    }

    // No end mark: walk the block headers to say how far the file is whole.
    private static TraceFormatException Diagnose(Stream input)
    {
        var header = new byte[BlockHeader.Size];
        long at = FileLayout.PrologueSize;
        for (var block = 1; ; block++)
        {
            if (input.Length - at < header.Length) return TraceFormatException.Truncated($"it ends in the header of block {block} at byte {at}");
            input.Position = at;
            input.ReadExactly(header);
            var fields = BlockHeader.Read(header);
            if (!fields.IsPlausible) return TraceFormatException.InBlock(block, at, "a block header that makes no sense, and no end mark");

            var end = at + header.Length + fields.Stored;
            if (end > input.Length) return TraceFormatException.Truncated($"block {block} at byte {at} needs {end} bytes, the file has {input.Length}");
            if (fields.Tag == BlockHeader.TailTag)
            {
                return input.Length < end + FileLayout.EpilogueSize
                    ? TraceFormatException.Truncated($"its end mark at byte {end} is cut off")
                    : TraceFormatException.InBlock(block + 1, end, "an end mark whose checksum does not match, or bytes after it");
            }
            at = end;
        }
    }
}
