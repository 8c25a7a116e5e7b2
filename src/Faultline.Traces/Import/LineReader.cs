namespace Faultline.Traces.Import;

/// <summary>Cuts a stream into lines without allocating for them.</summary>
internal sealed class LineReader(Stream input)
{
    private const int FirstBuffer = 1 << 16;

    // The longest path has 4096 bytes; what has no line end after this is not text.
    private const int LongestLine = 1 << 20;

    private byte[] _buffer = new byte[FirstBuffer];
    private int _start;
    private int _end;

    /// <summary>The line's number, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>The last line has no line end: text that was cut off.</summary>
    public bool IsCutOff { get; private set; }

    /// <summary>Reads the next line without its end; it is valid until the next call.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        var searched = 0;
        while (true)
        {
            var rest = _buffer.AsSpan(_start, _end - _start);
            var length = rest[searched..].IndexOf((byte)'\n');
            if (length >= 0)
            {
                length += searched;
                line = rest[..length];
                _start += length + 1;
                Number++;
                return true;
            }

            searched = rest.Length;
            if (Fill()) continue;

            line = _buffer.AsSpan(_start, _end - _start);
            if (line.IsEmpty) return false;
            _start = _end;
            IsCutOff = true;
            Number++;
            return true;
        }
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
        {
            if (_end >= LongestLine) throw PerfText.NoEvent(Number + 1, "is longer than any event");
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }
        var read = input.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }
}
