using System.Text.Json;
using Faultline.Traces.Format;
using Faultline.Traces.Import;
using ZstdSharp;

namespace Faultline.Traces;

/// <summary>Reads a .fltrace file, event by event in time order, without allocating per event.</summary>
/// <remarks>
/// <see cref="Open(Stream, bool)"/> checks that the file is whole; each block is checked when it is reached. Whatever is wrong ends in
/// a <see cref="TraceFormatException"/> that names the block and its offset.
/// </remarks>
public sealed class TraceReader : IDisposable
{
    private readonly Stream _input;
    private readonly bool _leaveOpen;
    private readonly Decompressor _decompressor = new();
    private readonly ColumnReader _columns;
    private readonly EventCodec<ColumnReader> _codec;
    private readonly SpaceTracker _spaces = new();
    private readonly byte[] _header = new byte[BlockHeader.Size];
    private readonly long _tailOffset;
    private byte[] _stored = [];
    private byte[] _raw = [];
    private TraceEvent _current;
    private long _offset;

    // Counted from 1 in the order of the file; null while the last one is read, whose number is not known yet.
    private int? _block;
    private int _left;
    private int _next;
    private long _lastTime;

    private TraceReader(Stream input, bool leaveOpen)
    {
        _input = input;
        _leaveOpen = leaveOpen;
        _columns = new ColumnReader(Strings);
        _codec = new EventCodec<ColumnReader>(_columns);
        _tailOffset = TraceProbe.FindTail(input);

        // The tail first: who reads half a million events must know before whether some were lost.
        _offset = _tailOffset;
        Totals = ReadJson<TraceTotals>(BlockHeader.TailTag);
        if (_offset != input.Length - FileLayout.EpilogueSize) throw Damaged("bytes after the end mark");

        (_offset, _block) = (FileLayout.PrologueSize, 0);
        Header = ReadJson<TraceHeader>(BlockHeader.HeadTag);
    }

    /// <summary>What was known when the recording began.</summary>
    public TraceHeader Header { get; }

    /// <summary>What was known when it ended; lost events among it.</summary>
    public TraceTotals Totals { get; }

    /// <summary>Texts of the events read so far.</summary>
    public TraceStrings Strings { get; } = new();

    /// <summary>Address spaces met so far.</summary>
    public int SpaceCount => _spaces.Count;

    /// <summary>The event that <see cref="Read"/> read; the next call overwrites it.</summary>
    public ref readonly TraceEvent Current => ref _current;

    /// <summary>Opens a file.</summary>
    /// <exception cref="InputException">It cannot be opened or read.</exception>
    /// <exception cref="TraceFormatException">It is not a whole recording of a known version.</exception>
    public static TraceReader Open(string path)
    {
        FileStream file = InputFile.Open(path, FileLayout.MagicSize, out PeekStream content);
        return Open(InputFile.Seekable(file, content));
    }

    /// <summary>Opens a seekable stream that holds one recording from its start to its end.</summary>
    /// <exception cref="TraceFormatException">It is not a whole recording of a known version.</exception>
    public static TraceReader Open(Stream input, bool leaveOpen = false)
    {
        try
        {
            return new TraceReader(input, leaveOpen);
        }
        catch when (!leaveOpen)
        {
            input.Dispose();
            throw;
        }
    }

    /// <summary>Moves to the next event; false at the end.</summary>
    /// <exception cref="TraceFormatException">The block that comes next is damaged.</exception>
    public bool Read()
    {
        while (_left == 0)
        {
            if (!NextBlock()) return false;
        }

        _current = default;
        _current.Index = _next++;
        _codec.Transfer(ref _current);
        if (_current.Time < _lastTime) throw Damaged("events that are not in time order");
        _lastTime = _current.Time;
        _spaces.Resolve(ref _current);
        if (--_left == 0) _columns.CheckEmpty();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _decompressor.Dispose();
        if (!_leaveOpen) _input.Dispose();
    }

    private bool NextBlock()
    {
        if (_offset >= _tailOffset)
        {
            if (_offset != _tailOffset || _next != Totals.Events) throw Damaged("blocks that do not add up to its totals");
            return false;
        }

        var at = _offset;
        var header = ReadBlock(BlockHeader.EventsTag);
        _columns.Fill(_raw, header.Raw, _block!.Value, at);
        _codec.BeginBlock();
        _left = header.Events;
        if (_left == 0) _columns.CheckEmpty();
        return true;
    }

    private T ReadJson<T>(uint tag) where T : class
    {
        var header = ReadBlock(tag);
        try
        {
            return JsonSerializer.Deserialize<T>(_raw.AsSpan(0, header.Raw), TraceJson.Options) ?? throw Damaged("an empty description");
        }
        catch (JsonException e)
        {
            throw Damaged("a description that is not JSON of the known shape", e);
        }
    }

    private BlockHeader ReadBlock(uint tag)
    {
        var at = _offset;
        _block++;
        Fetch(at, _header);
        var header = BlockHeader.Read(_header);
        if (!header.IsPlausible || header.Tag != tag) throw Damaged("a block header that makes no sense", at: at);

        if (_stored.Length < header.Stored) _stored = new byte[header.Stored];
        var stored = _stored.AsSpan(0, header.Stored);
        Fetch(at + BlockHeader.Size, stored);
        if (!BlockHeader.IsSound(_header, stored)) throw Damaged("a checksum that does not match", at: at);

        if (_raw.Length < header.Raw) _raw = new byte[header.Raw];
        try
        {
            if (_decompressor.Unwrap(stored, _raw.AsSpan(0, header.Raw)) != header.Raw) throw Damaged("compressed bytes of another length", at: at);
        }
        catch (ZstdException e)
        {
            throw Damaged("compressed bytes that do not unpack", e, at);
        }
        _offset = at + BlockHeader.Size + header.Stored;
        return header;
    }

    private void Fetch(long offset, Span<byte> bytes)
    {
        _input.Position = offset;
        if (_input.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw Damaged("a block that reaches beyond the end", at: offset);
    }

    private TraceFormatException Damaged(string what, Exception? inner = null, long? at = null) =>
        TraceFormatException.InBlock(_block, at ?? _offset, what, inner);
}
