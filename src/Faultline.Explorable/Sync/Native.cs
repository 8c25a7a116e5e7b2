using System.Diagnostics;
using Faultline.Checker;

namespace Faultline.Sync;

/// <summary>Shared words in native memory, known to the checker by their address. Acquire and relaxed loads, release and
/// relaxed stores are the same under both of its memory models.</summary>
[StackTraceHidden]
internal static class Native
{
    public static ulong LoadAcquire(ref ulong location) => SharedMemory.Load(ref location);

    public static uint LoadAcquire(ref uint location) => SharedMemory.Load(ref location);

    public static ulong LoadRelaxed(ref ulong location) => SharedMemory.Load(ref location);

    public static uint LoadRelaxed(ref uint location) => SharedMemory.Load(ref location);

    public static void StoreRelease(ref ulong location, ulong value) => SharedMemory.Store(ref location, value);

    public static void StoreRelease(ref uint location, uint value) => SharedMemory.Store(ref location, value);

    public static void StoreRelaxed(ref ulong location, ulong value) => SharedMemory.Store(ref location, value);

    public static void StoreRelaxed(ref uint location, uint value) => SharedMemory.Store(ref location, value);

    public static ulong Exchange(ref ulong location, ulong value) =>
        SharedMemory.Modify(ref location, Update.Exchange, value);

    public static ulong CompareExchange(ref ulong location, ulong value, ulong comparand) =>
        SharedMemory.Modify(ref location, Update.CompareExchange, value, comparand);

    public static uint CompareExchange(ref uint location, uint value, uint comparand) =>
        SharedMemory.Modify(ref location, Update.CompareExchange, value, comparand);

    public static uint Add(ref uint location, int delta)
    {
        uint operand = unchecked((uint)delta);
        return unchecked(SharedMemory.Modify(ref location, Update.Add, operand) + operand);
    }

    public static ulong Or(ref ulong location, ulong bits) => SharedMemory.Modify(ref location, Update.Or, bits);

    public static uint Or(ref uint location, uint bits) => SharedMemory.Modify(ref location, Update.Or, bits);

    public static ulong And(ref ulong location, ulong bits) => SharedMemory.Modify(ref location, Update.And, bits);

    public static uint And(ref uint location, uint bits) => SharedMemory.Modify(ref location, Update.And, bits);

    public static T ReadData<T>(ref T location)
        where T : unmanaged => SharedMemory.Load(ref location);

    public static void WriteData<T>(ref T location, T value)
        where T : unmanaged => SharedMemory.Store(ref location, value);

    public static T CompareExchangeData<T>(ref T location, T value, T comparand)
        where T : unmanaged => SharedMemory.Modify(ref location, Update.CompareExchange, value, comparand);

    public static T ExchangeData<T>(ref T location, T value)
        where T : unmanaged => SharedMemory.Modify(ref location, Update.Exchange, value);
}
