using System.Runtime.CompilerServices;

namespace Faultline.Sync;

/// <summary>
/// A 32-bit field that several threads use. Every access names its order; the comment at each call names its partner.
/// </summary>
/// <remarks>
/// A mutable struct: never mark a field of this type <c>readonly</c>, never copy it. In the explorable build the same type
/// carries the identity of the location, which is why the façade offers fields and not bare <c>ref</c> parameters.
/// </remarks>
internal struct Word32
{
    private uint _value;

    public Word32(uint value) => _value = value;

    /// <summary>Loads; later accesses of this thread stay behind it. Pairs with a release store or an exchange.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint LoadAcquire() => Volatile.Read(ref _value);

    /// <summary>Loads without order: the caller holds the guard, or re-checks what it read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint LoadRelaxed() => _value;

    /// <summary>Stores; earlier accesses of this thread stay before it. Later loads may pass it: see <see cref="Exchange"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreRelease(uint value) => Volatile.Write(ref _value, value);

    /// <summary>Stores without order: nobody else can see the field yet, or another store publishes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreRelaxed(uint value) => _value = value;

    /// <summary>Stores and returns the old value, as a full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Exchange(uint value) => Interlocked.Exchange(ref _value, value);

    /// <summary>Stores <paramref name="value"/> if the field holds <paramref name="comparand"/>; returns what it held. A full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint CompareExchange(uint value, uint comparand) => Interlocked.CompareExchange(ref _value, value, comparand);

    /// <summary>Adds and returns the new value, as a full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Add(int delta) => Interlocked.Add(ref _value, unchecked((uint)delta));
}
