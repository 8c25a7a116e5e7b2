using System.Diagnostics;
using System.Runtime.CompilerServices;
using Faultline.Checker;

namespace Faultline.Sync;

/// <inheritdoc cref="Word64"/>
[StackTraceHidden]
internal struct Ref<T>
    where T : class?
{
    private readonly T _initial;

    private ReferenceCell? _cell;

    public Ref(T value) => _initial = value;

    private ReferenceCell Cell => _cell ?? Interlocked.CompareExchange(ref _cell, new ReferenceCell(_initial), null) ?? _cell;

    public T LoadAcquire() => As(Cell.Load());

    public T LoadRelaxed() => As(Cell.Load());

    public void StoreRelease(T value) => Cell.Store(value);

    public void StoreRelaxed(T value) => Cell.Store(value);

    public T CompareExchange(T value, T comparand) => As(Cell.CompareExchange(value, comparand));

    public T Exchange(T value) => As(Cell.Exchange(value));

    private static T As(object? value) => Unsafe.As<object?, T>(ref value);
}
