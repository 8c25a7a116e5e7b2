using System.Diagnostics;
using Faultline.Checker;

namespace Faultline.Sync;

/// <inheritdoc cref="Word64"/>
[StackTraceHidden]
internal struct Word32
{
    private readonly uint _initial;

    private WordCell? _cell;

    public Word32(uint value) => _initial = value;

    private WordCell Cell =>
        _cell ?? Interlocked.CompareExchange(ref _cell, new WordCell(_initial, sizeof(uint)), null) ?? _cell;

    public uint LoadAcquire() => (uint)Cell.Load();

    public uint LoadRelaxed() => (uint)Cell.Load();

    public void StoreRelease(uint value) => Cell.Store(value);

    public void StoreRelaxed(uint value) => Cell.Store(value);

    public uint Exchange(uint value) => (uint)Cell.Modify(Update.Exchange, value);

    public uint CompareExchange(uint value, uint comparand) => (uint)Cell.Modify(Update.CompareExchange, value, comparand);

    public uint Add(int delta)
    {
        uint operand = unchecked((uint)delta);
        return unchecked((uint)Cell.Modify(Update.Add, operand) + operand);
    }
}
