namespace Faultline.Traces.Import;

/// <summary>A read-only stream whose first bytes can be looked at before they are read. Does not own the stream below it.</summary>
internal sealed class PeekStream : Stream
{
    private readonly Stream _input;
    private int _given;

    public PeekStream(Stream input, int count)
    {
        _input = input;
        var bytes = new byte[count];
        Peeked = bytes[..input.ReadAtLeast(bytes, count, throwOnEndOfStream: false)];
    }

    /// <summary>The first bytes, fewer when the stream is shorter.</summary>
    public byte[] Peeked { get; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_given == Peeked.Length) return _input.Read(buffer);
        var count = Math.Min(buffer.Length, Peeked.Length - _given);
        Peeked.AsSpan(_given, count).CopyTo(buffer);
        _given += count;
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
