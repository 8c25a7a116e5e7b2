using System.Runtime.CompilerServices;

namespace Faultline.Sync;

/// <summary>Fences for the places where no single access can carry the order.</summary>
internal static class Fence
{
    /// <summary>Orders everything, stores before later loads included (x86 MFENCE, Arm64 DMB ISH).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Full() => Interlocked.MemoryBarrier();

    /// <summary>Keeps earlier loads before later accesses: the second half of a read that is checked afterwards.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AfterLoads() => Volatile.ReadBarrier();
}
