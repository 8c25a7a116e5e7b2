using System.Buffers;
using System.Text;

namespace Faultline.Traces.Format;

/// <summary>Collects the columns of one block.</summary>
internal sealed class ColumnWriter : IColumns
{
    private const int NotWritten = -1;

    private readonly ArrayBufferWriter<byte>[] _columns = [.. Enumerable.Range(0, (int)Column.Count).Select(_ => new ArrayBufferWriter<byte>())];
    private readonly Dictionary<(int, int), int> _threads = [];
    private readonly TraceStrings _strings;
    private readonly List<int> _placeInFile = [];
    private int _written;

    public ColumnWriter(TraceStrings strings) => _strings = strings;

    /// <inheritdoc/>
    public void Unsigned(Column column, ref ulong value) => Varint.Write(_columns[(int)column], value);

    /// <inheritdoc/>
    public void Delta(Column column, ref ulong value, ref ulong previous)
    {
        Varint.Write(_columns[(int)column], Varint.Zigzag((long)(value - previous)));
        previous = value;
    }

    /// <inheritdoc/>
    public void String(ref int index)
    {
        if (index >= _strings.Count) throw Invalid("a string that is not in the table");
        if (index < 0)
        {
            Varint.Write(_columns[(int)Column.String], 0);
            return;
        }

        // Strings are interned when a line is read and written when its event is: the file has its own order.
        while (_placeInFile.Count <= index) _placeInFile.Add(NotWritten);
        var isNew = _placeInFile[index] == NotWritten;
        if (isNew) _placeInFile[index] = _written++;
        Varint.Write(_columns[(int)Column.String], (ulong)(_placeInFile[index] + 1));
        if (isNew) WriteText(_strings[index]);
    }

    /// <inheritdoc/>
    public int Thread(ref int processId, ref int threadId)
    {
        var known = _threads.TryGetValue((processId, threadId), out var place);
        if (!known) _threads.Add((processId, threadId), place = _threads.Count);
        Varint.Write(_columns[(int)Column.Thread], (ulong)place);
        if (known) return place;

        Varint.Write(_columns[(int)Column.Id], (uint)processId);
        Varint.Write(_columns[(int)Column.Id], (uint)threadId);
        return place;
    }

    /// <inheritdoc/>
    public Exception Invalid(string what) => new ArgumentException("cannot write " + what);

    private void WriteText(string value)
    {
        var text = _columns[(int)Column.Text];
        var length = Encoding.UTF8.GetByteCount(value);
        Varint.Write(text, (ulong)length);
        Encoding.UTF8.GetBytes(value, text.GetSpan(length));
        text.Advance(length);
    }

    /// <summary>Joins the columns, each with its length, and empties them.</summary>
    public void Drain(ArrayBufferWriter<byte> block)
    {
        foreach (var column in _columns) Varint.Write(block, (ulong)column.WrittenCount);
        foreach (var column in _columns)
        {
            block.Write(column.WrittenSpan);
            column.ResetWrittenCount();
        }
    }
}
