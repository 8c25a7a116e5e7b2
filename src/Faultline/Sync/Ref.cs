using System.Runtime.CompilerServices;

namespace Faultline.Sync;

/// <summary>A reference that one thread publishes and others follow without a lock.</summary>
/// <remarks>A mutable struct: never mark a field of this type <c>readonly</c>, never copy it.</remarks>
internal struct Ref<T>
    where T : class?
{
    private T _value;

    public Ref(T value) => _value = value;

    /// <summary>Loads; what the publisher wrote before its release store is visible behind the reference.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T LoadAcquire() => Volatile.Read(ref _value);

    /// <summary>Loads without order: the caller holds the guard.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T LoadRelaxed() => _value;

    /// <summary>Publishes; earlier stores of this thread are visible to whoever loads the reference.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreRelease(T value) => Volatile.Write(ref _value, value);

    /// <summary>Stores without order: nobody else can see the field yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreRelaxed(T value) => _value = value;

    /// <summary>Stores <paramref name="value"/> if the field holds <paramref name="comparand"/>; returns what it held. A full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T CompareExchange(T value, T comparand) => Interlocked.CompareExchange(ref _value, value, comparand);

    /// <summary>Stores and returns the old value, as a full fence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Exchange(T value) => Interlocked.Exchange(ref _value, value);
}
