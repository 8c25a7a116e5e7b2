using System.Runtime.CompilerServices;

namespace Faultline.Sync;

/// <summary>
/// Accesses to shared words in native memory: page-table entries, TLB tags, <c>FrameInfo</c>, guest data. The reference is
/// the address: native memory does not move, so the explorable build knows the location by it.
/// </summary>
internal static class Native
{
    /// <summary>Loads an entry or tag; pairs with the release store or the compare-and-swap that wrote it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong LoadAcquire(ref ulong location) => Volatile.Read(ref location);

    /// <inheritdoc cref="LoadAcquire(ref ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint LoadAcquire(ref uint location) => Volatile.Read(ref location);

    /// <summary>Loads without order: under the guard, or re-checked later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong LoadRelaxed(ref ulong location) => location;

    /// <inheritdoc cref="LoadRelaxed(ref ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint LoadRelaxed(ref uint location) => location;

    /// <summary>Stores; earlier accesses of this thread stay before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRelease(ref ulong location, ulong value) => Volatile.Write(ref location, value);

    /// <inheritdoc cref="StoreRelease(ref ulong, ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRelease(ref uint location, uint value) => Volatile.Write(ref location, value);

    /// <summary>Stores without order: private memory, or another store publishes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRelaxed(ref ulong location, ulong value) => location = value;

    /// <inheritdoc cref="StoreRelaxed(ref ulong, ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRelaxed(ref uint location, uint value) => location = value;

    /// <summary>Stores and returns the old value, as a full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Exchange(ref ulong location, ulong value) => Interlocked.Exchange(ref location, value);

    /// <summary>Stores <paramref name="value"/> if the word holds <paramref name="comparand"/>; returns what it held. A full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong CompareExchange(ref ulong location, ulong value, ulong comparand) =>
        Interlocked.CompareExchange(ref location, value, comparand);

    /// <inheritdoc cref="CompareExchange(ref ulong, ulong, ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint CompareExchange(ref uint location, uint value, uint comparand) =>
        Interlocked.CompareExchange(ref location, value, comparand);

    /// <summary>Adds and returns the new value, as a full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add(ref uint location, int delta) => Interlocked.Add(ref location, unchecked((uint)delta));

    /// <summary>Sets bits and returns the old value, as a full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Or(ref ulong location, ulong bits) => Interlocked.Or(ref location, bits);

    /// <inheritdoc cref="Or(ref ulong, ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Or(ref uint location, uint bits) => Interlocked.Or(ref location, bits);

    /// <summary>Keeps only <paramref name="bits"/> and returns the old value, as a full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong And(ref ulong location, ulong bits) => Interlocked.And(ref location, bits);

    /// <inheritdoc cref="And(ref ulong, ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint And(ref uint location, uint bits) => Interlocked.And(ref location, bits);

    /// <summary>Reads guest data without order. The caller re-checks its translation, or stands inside a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ReadData<T>(ref T location)
        where T : unmanaged => location;

    /// <summary>Writes guest data without order. The caller stands inside a section.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteData<T>(ref T location, T value)
        where T : unmanaged => location = value;

    /// <summary>A guest's atomic operation: a full fence. <typeparamref name="T"/> has 1, 2, 4 or 8 bytes, aligned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T CompareExchangeData<T>(ref T location, T value, T comparand)
        where T : unmanaged => Interlocked.CompareExchange(ref location, value, comparand);

    /// <inheritdoc cref="CompareExchangeData{T}"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ExchangeData<T>(ref T location, T value)
        where T : unmanaged => Interlocked.Exchange(ref location, value);
}
