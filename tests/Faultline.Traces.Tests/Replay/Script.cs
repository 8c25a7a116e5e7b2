using System.Globalization;

namespace Faultline.Traces.Tests.Replay;

/// <summary>Writes a recording as perf would print it, in any order; the importer reads it back.</summary>
internal sealed class Script
{
    public const int Write = 0x6, Read = 0x4, WriteProtected = 0x7, Fetch = 0x14;
    public const ulong Anonymous = 0x22, AnonymousFixed = 0x32;
    public const int First = 10;

    private readonly List<(long Time, string Text)> _lines = [];
    private readonly Dictionary<int, int> _processes = [];

    public Script Call(int thread, long enter, long exit, string name, long result, params ulong[] arguments)
    {
        Add(thread, enter, $"syscalls:sys_enter_{name}: {string.Join(", ", arguments.Select(a => $"a: 0x{a:x}"))}");
        return Add(thread, exit, $"syscalls:sys_exit_{name}: 0x{result:x}");
    }

    /// <summary>An anonymous mmap without its line.</summary>
    public Script Map(int thread, long enter, long exit, ulong result, ulong length, ulong rights = 3, ulong flags = Anonymous) =>
        Call(thread, enter, exit, "mmap", (long)result, (flags & 0x10) != 0 ? result : 0, length, rights, flags, uint.MaxValue, 0);

    public Script Unmap(int thread, long enter, long exit, ulong address, ulong length) => Call(thread, enter, exit, "munmap", 0, address, length);

    /// <summary>A mapping line; inside a call it belongs to the call.</summary>
    public Script Line(int thread, long time, ulong start, ulong length, string rights = "rw-p", string file = "00:00 0 0", string path = "//anon", ulong? offset = null) =>
        Add(thread, time, $"PERF_RECORD_MMAP2 {ProcessOf(thread)}/{thread}: [0x{start:x}(0x{length:x}) @ 0x{offset ?? start:x} {file}]: {rights} {path}");

    public Script Fault(int thread, long time, ulong address, int code) =>
        Add(thread, time, $"exceptions:page_fault_user: address=0x{address:x} ip=0x1000 error_code=0x{code:x}");

    public Script KernelFault(int thread, long time, ulong address, int code) =>
        Add(thread, time, $"exceptions:page_fault_kernel: address=0x{address:x} ip=0x1000 error_code=0x{code:x}");

    public Script Signal(int thread, long time, int number) => Add(thread, time, $"signal:signal_deliver: sig={number} errno=0 code=1 sa_handler=0x1 sa_flags=0x0");

    public Script Clone(int thread, long time, int child)
    {
        _processes[child] = ProcessOf(thread);
        return Start(thread, time, child, 0x10100);
    }

    public Script Fork(int thread, long time, int child, int flags = 0)
    {
        _processes[child] = child;
        return Start(thread, time, child, flags);
    }

    public Script Vfork(int thread, long time, int child) => Fork(thread, time, child, 0x4100);

    /// <summary>A new image; its lines follow, until the next call's exit.</summary>
    public Script Exec(int thread, long time) => Add(thread, time, $"PERF_RECORD_COMM exec: app:{ProcessOf(thread)}/{thread}");

    /// <summary>The end of the image's lines.</summary>
    public Script Executed(int thread, long time)
    {
        Add(thread, time, $"sched:sched_process_exec: filename=/bin/app pid={thread} old_pid={thread}");
        return Add(thread, time, "syscalls:sys_exit_execve: 0x0");
    }

    public Script Exit(int thread, long time) => Add(thread, time, $"sched:sched_process_exit: comm=app pid={thread} prio=120 group_dead=true");

    public Script Lost(long time) => Add(First, time, "PERF_RECORD_LOST lost 7");

    public Recording Import() => Perf.ImportLines([.. _lines.OrderBy(line => line.Time).Select(line => line.Text)]);

    private Script Start(int thread, long time, int child, int flags)
    {
        Add(thread, time, $"PERF_RECORD_FORK({ProcessOf(child)}:{child}):({ProcessOf(thread)}:{thread})");
        return Add(thread, time, $"task:task_newtask: pid={child} comm=app clone_flags={flags.ToString("x", CultureInfo.InvariantCulture)} oom_score_adj=0");
    }

    private Script Add(int thread, long time, string text)
    {
        _lines.Add((time, Perf.Line(time, text, thread, ProcessOf(thread))));
        return this;
    }

    private int ProcessOf(int thread) => _processes.GetValueOrDefault(thread, First);
}
