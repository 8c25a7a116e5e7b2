namespace Faultline.Workloads;

/// <summary>Memory does not hold what the workload wrote: a fault in the engine, never a slow run.</summary>
public sealed class WorkloadException : Exception
{
    internal WorkloadException(string what, ulong address, ulong expected, ulong found)
        : base($"{what} at 0x{address:x}: 0x{expected:x} was expected, 0x{found:x} is there")
    {
    }

    internal static void ThrowUnlessEqual(string what, ulong address, ulong expected, ulong found)
    {
        if (expected != found) throw new WorkloadException(what, address, expected, found);
    }
}
