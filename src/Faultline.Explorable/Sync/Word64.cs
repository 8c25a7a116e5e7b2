using System.Diagnostics;
using Faultline.Checker;

namespace Faultline.Sync;

/// <summary>
/// The product's word as a location of the checker. The content stands in the cell, since a store may reach it long after
/// the call, when no reference to the field is at hand; the cell is made at the first use, since a default value has none.
/// </summary>
[StackTraceHidden]
internal struct Word64
{
    private readonly ulong _initial;

    private WordCell? _cell;

    public Word64(ulong value) => _initial = value;

    private WordCell Cell => _cell ?? Interlocked.CompareExchange(ref _cell, new WordCell(_initial), null) ?? _cell;

    public ulong LoadAcquire() => Cell.Load();

    public ulong LoadRelaxed() => Cell.Load();

    public void StoreRelease(ulong value) => Cell.Store(value);

    public void StoreRelaxed(ulong value) => Cell.Store(value);

    public ulong Exchange(ulong value) => Cell.Modify(Update.Exchange, value);

    public ulong CompareExchange(ulong value, ulong comparand) => Cell.Modify(Update.CompareExchange, value, comparand);

    public ulong Add(long delta)
    {
        ulong operand = unchecked((ulong)delta);
        return unchecked(Cell.Modify(Update.Add, operand) + operand);
    }

    public ulong Or(ulong bits) => Cell.Modify(Update.Or, bits);

    public ulong And(ulong bits) => Cell.Modify(Update.And, bits);
}
