using System.Buffers;
using System.Text.Json;
using Faultline.Traces.Format;
using ZstdSharp;

namespace Faultline.Traces;

/// <summary>Writes a .fltrace file, event by event. Until <see cref="Complete"/> it is a truncated one.</summary>
public sealed class TraceWriter : IDisposable
{
    // Measured on the shared recordings: higher levels gain 4 % and cost four times the time.
    private const int CompressionLevel = 9;

    private readonly Stream _output;
    private readonly Compressor _compressor = new(CompressionLevel);
    private readonly ArrayBufferWriter<byte> _raw = new();
    private readonly ColumnWriter _columns;
    private readonly EventCodec<ColumnWriter> _codec;
    private byte[] _stored = [];
    private long _offset;
    private int _inBlock;
    private int _events;
    private long _lastTime;

    /// <summary>Begins a file on <paramref name="output"/>, which stays the caller's.</summary>
    public TraceWriter(Stream output, TraceHeader header)
    {
        _output = output;
        _columns = new ColumnWriter(Strings);
        _codec = new EventCodec<ColumnWriter>(_columns);
        _codec.BeginBlock();

        Span<byte> prologue = stackalloc byte[FileLayout.PrologueSize];
        FileLayout.WritePrologue(prologue);
        Put(prologue);
        WriteJson(BlockHeader.HeadTag, header);
    }

    /// <summary>Where events' texts come from; only those that events use are written.</summary>
    public TraceStrings Strings { get; } = new();

    /// <summary>Events written so far, and so the next event's index.</summary>
    public int Count => _events;

    /// <summary>Adds an event; <see cref="TraceEvent.Index"/> and the spaces are not looked at.</summary>
    /// <exception cref="ArgumentException">Its time is before the last event's, or a field holds what the format cannot.</exception>
    public void Write(in TraceEvent traceEvent)
    {
        if (traceEvent.Time < _lastTime) throw new ArgumentException("events must be in time order", nameof(traceEvent));
        _lastTime = traceEvent.Time;

        var e = traceEvent;
        e.Index = _events++;
        _codec.Transfer(ref e);
        if (++_inBlock == FileLayout.EventsPerBlock) EndBlock();
    }

    /// <summary>Writes what is left, <paramref name="totals"/> and the end mark.</summary>
    public void Complete(TraceTotals totals)
    {
        if (_inBlock > 0) EndBlock();
        var tail = _offset;
        WriteJson(BlockHeader.TailTag, totals with { Events = _events });

        Span<byte> epilogue = stackalloc byte[FileLayout.EpilogueSize];
        FileLayout.WriteEpilogue(epilogue, tail);
        Put(epilogue);
        _output.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _compressor.Dispose();

    private void EndBlock()
    {
        _columns.Drain(_raw);
        WriteBlock(BlockHeader.EventsTag, _raw.WrittenSpan, _inBlock);
        _raw.ResetWrittenCount();
        _inBlock = 0;
        _codec.BeginBlock();
    }

    private void WriteJson<T>(uint tag, T value) => WriteBlock(tag, JsonSerializer.SerializeToUtf8Bytes(value, TraceJson.Options), 0);

    private void WriteBlock(uint tag, ReadOnlySpan<byte> raw, int events)
    {
        var bound = Compressor.GetCompressBound(raw.Length);
        if (_stored.Length < bound) _stored = new byte[bound];
        var stored = _stored.AsSpan(0, _compressor.Wrap(raw, _stored));

        Span<byte> header = stackalloc byte[BlockHeader.Size];
        new BlockHeader(tag, stored.Length, raw.Length, events).Write(header, stored);
        Put(header);
        Put(stored);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _output.Write(bytes);
        _offset += bytes.Length;
    }
}
