using Faultline.Traces.Format;
using Faultline.Traces.Import;

namespace Faultline.Traces;

/// <summary>Opens whatever holds a recording, and imports text.</summary>
public static class TraceInput
{
    /// <summary>Opens a .fltrace file, or imports perf script text (plain or zstd) into memory and opens that.</summary>
    /// <param name="path">The file; its first bytes decide what it is.</param>
    /// <param name="progress">Called now and then with the lines imported.</param>
    /// <param name="cancellation">Stops an import.</param>
    /// <exception cref="InputException">The file cannot be opened or read.</exception>
    /// <exception cref="TraceFormatException">The file is damaged, truncated or of another kind.</exception>
    public static TraceReader Open(string path, Action<long>? progress = null, CancellationToken cancellation = default)
    {
        FileStream file = InputFile.Open(path, FileLayout.MagicSize, out PeekStream content);
        if (IsRecording(content)) return TraceReader.Open(InputFile.Seekable(file, content));

        using (file)
        {
            var memory = new MemoryStream();
            PerfImporter.Import(content, memory, ImportHeader(path), progress, cancellation);
            return TraceReader.Open(memory);
        }
    }

    /// <summary>Imports perf script text (plain or zstd) from <paramref name="path"/> into the new .fltrace file <paramref name="output"/>.</summary>
    /// <remarks>The file appears whole under its name, or not at all.</remarks>
    /// <exception cref="InputException">The input cannot be opened or read.</exception>
    /// <exception cref="TraceFormatException">A line cannot be read, or the input is truncated.</exception>
    /// <exception cref="OutputException">The output cannot be created.</exception>
    public static TraceTotals Import(string path, string output, Action<long>? progress = null, CancellationToken cancellation = default)
    {
        using FileStream file = InputFile.Open(path, FileLayout.MagicSize, out PeekStream content);
        if (IsRecording(content))
            throw new TraceFormatException($"{path} is a recording already", "Give it to `faultline info` or `faultline replay` as it is");
        return AtomicFile.Write(output, stream => PerfImporter.Import(content, stream, ImportHeader(path), progress, cancellation));
    }

    private static bool IsRecording(PeekStream content) => FileLayout.HasMagic(content.Peeked);

    private static TraceHeader ImportHeader(string path) => new()
    {
        CreatedBy = Producer,
        Source = Path.GetFileName(path),
    };

    /// <summary>Name and version of this program, for <see cref="TraceHeader.CreatedBy"/>.</summary>
    internal static string Producer { get; } = $"faultline {typeof(TraceInput).Assembly.GetName().Version?.ToString(3)}";
}
