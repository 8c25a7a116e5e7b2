using System.Diagnostics;
using Faultline.Checker;

namespace Faultline.Sync;

[StackTraceHidden]
internal static class Fence
{
    public static void Full() => Controlled.Fence();

    /// <summary>Neither memory model lets a load pass an earlier load.</summary>
    public static void AfterLoads()
    {
        if (Controlled.ThreadIndex < 0) Volatile.ReadBarrier();
    }
}
