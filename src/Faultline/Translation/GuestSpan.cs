using System.Diagnostics;

namespace Faultline;

/// <summary>Bytes of one guest page, lent by a <see cref="MemoryAccessor.Session"/> until it is renewed or disposed.</summary>
public readonly ref struct GuestSpan
{
    private readonly Span<byte> _bytes;
    private readonly MemoryAccessor _accessor;
    private readonly int _version;
    private readonly bool _isWritable;

    internal GuestSpan(Span<byte> bytes, MemoryAccessor accessor, bool isWritable)
    {
        _bytes = bytes;
        _accessor = accessor;
        _version = accessor.SessionVersion;
        _isWritable = isWritable;
    }

    /// <summary>The bytes, for reading. Debug builds check that the session has not been renewed since.</summary>
    public ReadOnlySpan<byte> Bytes => Checked;

    /// <summary>The bytes, for writing.</summary>
    /// <exception cref="InvalidOperationException">The span was asked for with <see cref="AccessKind.Read"/>: the page may be shared.</exception>
    public Span<byte> WritableBytes => _isWritable ? Checked : throw new InvalidOperationException("The span was opened for reading.");

    private Span<byte> Checked
    {
        get
        {
            Debug.Assert(_version == _accessor.SessionVersion, "The session was renewed or disposed: this span's page may belong to somebody else.");
            return _bytes;
        }
    }
}
