using System.Buffers.Binary;
using ZstdSharp;

namespace Faultline.Traces.Import;

/// <summary>Turns the text of <c>perf script</c>, plain or compressed with zstd, into a .fltrace file.</summary>
/// <remarks>Streams: it holds the events of the longest call, not the recording.</remarks>
internal static class PerfImporter
{
    private const uint ZstdMagic = 0xFD2F_B528;
    private const int ProgressStride = 4096;

    /// <summary>Reads <paramref name="input"/> to its end and writes a whole file to <paramref name="output"/>.</summary>
    /// <param name="input">Text or zstd, told apart by the first bytes; need not be seekable.</param>
    /// <param name="output">Receives the file; stays open.</param>
    /// <param name="header">Goes into the file.</param>
    /// <param name="progress">Called now and then with the lines read.</param>
    /// <param name="cancellation">Stops the import.</param>
    /// <exception cref="TraceFormatException">A line cannot be read, or the input is truncated.</exception>
    public static TraceTotals Import(
        Stream input, Stream output, TraceHeader header, Action<long>? progress = null, CancellationToken cancellation = default)
    {
        using var writer = new TraceWriter(output, header);
        var assembler = new EventAssembler(writer);
        var (text, isCompressed) = Decompress(input);
        var lines = new LineReader(text);
        try
        {
            while (lines.TryRead(out var line))
            {
                if (lines.IsCutOff) throw PerfText.Truncated(lines.Number);
                if (lines.Number % ProgressStride == 0)
                {
                    progress?.Invoke(lines.Number);
                    cancellation.ThrowIfCancellationRequested();
                }
                if (line.IsEmpty || line[0] == '#') continue;
                if (!PerfLine.TryParse(line, out var parsed)) throw PerfText.NoEvent(lines.Number, "is not an event");
                if (!assembler.TryAdd(parsed)) throw PerfText.Malformed(lines.Number, $"has the event {Text(parsed.Event)}, which cannot be read");
            }
        }
        catch (EndOfStreamException)
        {
            throw PerfText.Truncated(lines.Number + 1);
        }
        catch (ZstdException e)
        {
            throw new TraceFormatException($"the compressed input is damaged after line {lines.Number}", "Copy the file again from its origin", e);
        }
        finally
        {
            if (isCompressed) text.Dispose();
        }

        var totals = assembler.Finish();
        if (lines.Number == 0) throw new TraceFormatException("the input is empty", "Record again, or let perf script finish");
        if (writer.Count == 0)
        {
            throw header.Interrupted
                ? new OperationCanceledException("stopped before the program began")
                : new TraceFormatException("the input holds no event of a program", PerfText.Cure);
        }

        writer.Complete(totals);
        return totals with { Events = writer.Count };
    }

    private static (Stream Text, bool IsCompressed) Decompress(Stream input)
    {
        var peeked = new PeekStream(input, sizeof(uint));
        return peeked.Peeked is { Length: sizeof(uint) } && BinaryPrimitives.ReadUInt32LittleEndian(peeked.Peeked) == ZstdMagic
            ? (new DecompressionStream(peeked, leaveOpen: true), true)
            : (peeked, false);
    }

    private static string Text(ReadOnlySpan<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes);
}
