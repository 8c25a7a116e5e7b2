using System.Text;

namespace Faultline.Cli;

/// <summary>Leaves out blanks at the ends of lines: tables fill their last column with them, which shows in every diff and copy.</summary>
internal sealed class TrimmedWriter(TextWriter inner) : TextWriter
{
    private readonly StringBuilder _trimmed = new();

    // Written once something else than the line's end follows.
    private int _blanks;

    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Write([value]);

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            var end = text.IndexOf('\n');
            Add(end < 0 ? text : text[..end]);
            if (end >= 0) EndLine();
            text = end < 0 ? [] : text[(end + 1)..];
        }

        // One write for all of it: the console flushes each.
        inner.Write(_trimmed.ToString());
        _trimmed.Clear();
    }

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    private void Add(ReadOnlySpan<char> part)
    {
        var shown = part.TrimEnd(' ');
        if (!shown.IsEmpty)
        {
            _trimmed.Append(' ', _blanks).Append(shown);
            _blanks = 0;
        }

        _blanks += part.Length - shown.Length;
    }

    private void EndLine()
    {
        _trimmed.Append('\n');
        _blanks = 0;
    }
}
