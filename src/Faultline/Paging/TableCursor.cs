using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Paging;

/// <summary>
/// Visits the lowest tables that exist in a range of addresses, in order; stretches without tables are skipped a table of any level at a time.
/// The caller keeps the tables from being freed (writer lock, or a read lock over live areas).
/// </summary>
internal unsafe ref struct TableCursor
{
    private readonly PhysicalMemory _memory;
    private readonly uint _root;
    private readonly ulong _end;
    private ulong _next;

    public TableCursor(PhysicalMemory memory, uint root, ulong start, ulong end)
    {
        _memory = memory;
        _root = root;
        _next = start;
        _end = end;
    }

    /// <summary>Frame of the current table.</summary>
    public uint Table { get; private set; }

    /// <summary>First address of the range that the current table maps.</summary>
    public ulong Start { get; private set; }

    /// <summary>First address after <see cref="Start"/> that is outside the range or the table.</summary>
    public ulong End { get; private set; }

    /// <summary>Lock, generation and accessors of the current table.</summary>
    public readonly ref FrameInfo Info => ref _memory.Info(Table);

    /// <summary>The entry of <paramref name="address"/>, which lies in the current table.</summary>
    public readonly ref ulong Entry(ulong address) =>
        ref ((ulong*)_memory.Address(Table))[TableLevel.Index(address, TableLevel.Pte)];

    public bool MoveNext()
    {
        while (_next < _end)
        {
            uint table = _root;
            int level = TableLevel.Root;
            for (; level > TableLevel.Pte; level--)
            {
                // Acquire: pairs with the release store of a fault that installs a table beside us.
                var value = new Pte(Native.LoadAcquire(ref ((ulong*)_memory.Address(table))[TableLevel.Index(_next, level)]));
                if (value.IsNone) break;
                table = value.Frame;
            }

            Start = _next;
            if (level > TableLevel.Pte)
            {
                _next = TableLevel.Next(_next, level);
                continue;
            }

            _next = TableLevel.Next(_next, TableLevel.Pmd);
            End = Math.Min(_next, _end);
            Table = table;
            return true;
        }

        return false;
    }
}
