using System.Text;

namespace Faultline.Traces.Format;

/// <summary>Hands out the columns of one block, and checks that every value is there.</summary>
internal sealed class ColumnReader : IColumns
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private readonly int[] _position = new int[(int)Column.Count];
    private readonly int[] _end = new int[(int)Column.Count];
    private readonly List<(int ProcessId, int ThreadId)> _threads = [];
    private readonly TraceStrings _strings;
    private byte[] _bytes = [];
    private int _block;
    private long _offset;

    public ColumnReader(TraceStrings strings) => _strings = strings;

    /// <summary>Takes the block's raw bytes: lengths of all columns, then the columns, and nothing else.</summary>
    public void Fill(byte[] bytes, int length, int block, long offset)
    {
        (_bytes, _block, _offset) = (bytes, block, offset);
        var span = bytes.AsSpan(0, length);
        var at = 0;
        for (var i = 0; i < _end.Length; i++)
        {
            if (!Varint.TryRead(span, ref at, out var size) || size > (ulong)length) throw Invalid("no column lengths");
            _end[i] = (int)size;
        }
        for (var i = 0; i < _end.Length; i++)
        {
            _position[i] = at;
            if (_end[i] > length - at) throw Invalid("columns longer than the block");
            _end[i] = at += _end[i];
        }
        if (at != length) throw Invalid("bytes after the columns");
    }

    /// <summary>All columns are used up, as they must be after the block's last event.</summary>
    public void CheckEmpty()
    {
        if (!_position.AsSpan().SequenceEqual(_end)) throw Invalid("values after the last event");
    }

    /// <inheritdoc/>
    public void Unsigned(Column column, ref ulong value)
    {
        if (!Varint.TryRead(_bytes.AsSpan(0, _end[(int)column]), ref _position[(int)column], out value))
            throw Invalid($"the {column} column ends early");
    }

    /// <inheritdoc/>
    public void Delta(Column column, ref ulong value, ref ulong previous)
    {
        Unsigned(column, ref value);
        value = previous += (ulong)Varint.Unzigzag(value);
    }

    /// <inheritdoc/>
    public void String(ref int index)
    {
        ulong number = 0;
        Unsigned(Column.String, ref number);
        if (number > (ulong)_strings.Count + 1) throw Invalid("a string that was not defined");
        index = (int)number - 1;
        if (index == _strings.Count) _strings.Add(Text());
    }

    /// <inheritdoc/>
    public int Thread(ref int processId, ref int threadId)
    {
        ulong place = 0, process = 0, thread = 0;
        Unsigned(Column.Thread, ref place);
        if (place > (ulong)_threads.Count) throw Invalid("a thread that was not defined");
        if ((int)place == _threads.Count)
        {
            Unsigned(Column.Id, ref process);
            Unsigned(Column.Id, ref thread);
            if (process > uint.MaxValue || thread > uint.MaxValue) throw Invalid("a thread id too large");
            _threads.Add(((int)process, (int)thread));
        }
        (processId, threadId) = _threads[(int)place];
        return (int)place;
    }

    /// <inheritdoc/>
    public Exception Invalid(string what) => TraceFormatException.InBlock(_block, _offset, what);

    private string Text()
    {
        ulong length = 0;
        Unsigned(Column.Text, ref length);
        ref var at = ref _position[(int)Column.Text];
        if (length > (ulong)(_end[(int)Column.Text] - at)) throw Invalid("a string longer than its column");
        try
        {
            var text = s_strict.GetString(_bytes, at, (int)length);
            at += (int)length;
            return text;
        }
        catch (DecoderFallbackException)
        {
            throw Invalid("a string that is not UTF-8");
        }
    }
}
