using System.Runtime.CompilerServices;
using Faultline.Sync;
using Faultline.Translation;

namespace Faultline;

public sealed unsafe partial class MemoryAccessor
{
    /// <summary>
    /// Stores <paramref name="value"/> if guest memory holds <paramref name="comparand"/>, atomically among all accessors and mappings of the frame; returns what it
    /// held. A full fence.
    /// </summary>
    /// <typeparam name="T">An integer or enum of 1, 2, 4 or 8 bytes.</typeparam>
    /// <param name="address">Guest address in bytes, a multiple of the size.</param>
    /// <param name="value">What to store.</param>
    /// <param name="comparand">What must be there.</param>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is another type.</exception>
    /// <exception cref="DataMisalignedException">The address is not a multiple of the size: split locks are not emulated.</exception>
    /// <exception cref="MemoryFaultException">Linux would have delivered a signal. As on x86-64 the page must be writable even if nothing is stored.</exception>
    public T CompareExchange<T>(ulong address, T value, T comparand)
        where T : unmanaged
    {
        ref T location = ref BeginAtomic<T>(address);
        T found = Native.CompareExchangeData(ref location, value, comparand);
        LeaveSection();
        return found;
    }

    /// <summary>Stores <paramref name="value"/> and returns what guest memory held, atomically. A full fence.</summary>
    /// <inheritdoc cref="CompareExchange{T}"/>
    public T Exchange<T>(ulong address, T value)
        where T : unmanaged
    {
        ref T location = ref BeginAtomic<T>(address);
        T found = Native.ExchangeData(ref location, value);
        LeaveSection();
        return found;
    }

    /// <summary>Enters a section and returns the location, which stays the guest's until the section ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref T BeginAtomic<T>(ulong address)
        where T : unmanaged
    {
        // Before the section: an exception must not leave one open.
        if (!typeof(T).IsPrimitive && !typeof(T).IsEnum) ThrowNotSupported(typeof(T));
        if ((address & (ulong)(sizeof(T) - 1)) != 0) ThrowMisaligned(address, sizeof(T));
        EnterSection();
        ref TlbEntry entry = ref Tlb.At(address);
        return ref Native.LoadRelaxed(ref entry.WriteTag) == TlbEntry.Key<T>(address)
            ? ref *(T*)(address + Native.LoadRelaxed(ref entry.Addend))
            : ref *(T*)Translate(address, AccessKind.Write);
    }

    private static void ThrowNotSupported(Type type) => throw new NotSupportedException($"There is no atomic operation on {type}.");

    private static void ThrowMisaligned(ulong address, int size) =>
        throw new DataMisalignedException($"An atomic access of {size} bytes at 0x{address:x} is not aligned to its size.");
}
