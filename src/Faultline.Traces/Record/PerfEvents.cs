namespace Faultline.Traces.Record;

/// <summary>The tracepoints of a recording.</summary>
internal static class PerfEvents
{
    /// <summary>Without these a recording says nothing; every kernel since 5.3 on x86-64 has them.</summary>
    public static IReadOnlyList<string> Required { get; } =
    [
        "exceptions:page_fault_user", "exceptions:page_fault_kernel",
        "task:task_newtask", "sched:sched_process_exit", "sched:sched_process_exec",
        Enter(SystemCall.Mmap), Exit(SystemCall.Mmap),
    ];

    /// <summary>Recorded where the kernel has them.</summary>
    public static IReadOnlyList<string> Optional { get; } =
    [
        "signal:signal_deliver",
        .. SystemCalls.All.Where(call => call != SystemCall.Mmap).SelectMany(
            call => call.HasExit() ? [Enter(call), Exit(call)] : new[] { Enter(call) }),
    ];

    private static string Enter(SystemCall call) => $"syscalls:sys_enter_{call.Name()}";

    private static string Exit(SystemCall call) => $"syscalls:sys_exit_{call.Name()}";
}
