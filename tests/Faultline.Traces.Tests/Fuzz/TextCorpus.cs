using static Faultline.Traces.Tests.Perf;

namespace Faultline.Traces.Tests.Fuzz;

/// <summary>Lines of each form that the importer knows, as one small program would leave them.</summary>
internal static class TextCorpus
{
    public static string[] Lines { get; } =
    [
        "# a comment",
        Line(0, "PERF_RECORD_COMM: perf-exec:10/10", name: "perf-exec"),
        Line(1, "syscalls:sys_enter_execve: filename: 0x7ffd00001000, argv: 0x7ffd00002000, envp: 0x7ffd00003000"),
        Line(2, "PERF_RECORD_COMM exec: my app:10/10", name: "my app"),
        Line(3, "PERF_RECORD_MMAP2 10/10: [0x56351776d000(0x1000) @ 0x2000 fe:01 734 1262068282]: r-xp /bin/my app"),
        Line(4, "PERF_RECORD_MMAP2 10/10: [0x7ffc3ad7a000(0x21000) @ 0x7ffc3ad7a000 00:00 0 0]: rw-p [stack]"),
        Line(5, "exceptions:page_fault_kernel: address=0x7ffc3ad7ae89 ip=_copy_to_user error_code=0x3"),
        Line(6, "sched:sched_process_exec: filename=/bin/my app pid=10 old_pid=10"),
        Line(7, "syscalls:sys_exit_execve: 0x0"),
        Line(8, "syscalls:sys_enter_brk: brk: 0x00000000"),
        Line(9, "syscalls:sys_exit_brk: 0x563519000000"),
        Line(10, "syscalls:sys_enter_mmap: addr: 0x00000000, len: 0x00200000, prot: 0x00000003, flags: 0x00000022, fd: 0xffffffff, off: 0x00000000"),
        Line(11, "PERF_RECORD_MMAP2 10/10: [0x7fb5cd600000(0x200000) @ 0x7fb5cd600000 00:00 0 0]: rw-p //anon"),
        Line(12, "syscalls:sys_exit_mmap: 0x7fb5cd600000"),
        Line(13, "exceptions:page_fault_user: address=0x7fb5cd600b70 ip=0x56351776d1e9 error_code=0x6"),
        Line(14, "syscalls:sys_enter_mprotect: start: 0x7fb5cd600000, len: 0x00001000, prot: 0x00000001"),
        Line(15, "PERF_RECORD_MMAP2 10/10: [0x7fb5cd600000(0x1000) @ 0x7fb5cd600000 00:00 0 0]: r--p //anon"),
        Line(16, "syscalls:sys_exit_mprotect: 0x0"),
        Line(17, "signal:signal_deliver: sig=11 errno=0 code=2 sa_handler=56351776d1e9 sa_flags=4000004"),
        Line(18, "PERF_RECORD_FORK(10:11):(10:10)"),
        Line(18, "task:task_newtask: pid=11 comm=my app clone_flags=3d0f00 oom_score_adj=0"),
        Line(19, "syscalls:sys_enter_mremap: addr: 0x7fb5cd600000, old_len: 0x00001000, new_len: 0x00002000, flags: 0x00000001, new_addr: 0x00000000"),
        Line(20, "exceptions:page_fault_user: address=0x7fb5cd601000 ip=0x56351776d1e9 error_code=0x4", tid: 11),
        Line(21, "syscalls:sys_exit_mremap: 0x7fb5cd5fe000"),
        Line(22, "PERF_RECORD_FORK(12:12):(10:11)"),
        Line(22, "task:task_newtask: pid=12 comm=my app clone_flags=1200000 oom_score_adj=0"),
        Line(23, "exceptions:page_fault_user: address=0x7fb5cd601000 ip=0x56351776d1e9 error_code=0x7", tid: 12, pid: 12),
        Line(24, "syscalls:sys_enter_madvise: start: 0x7fb5cd600000, len_in: 0x00001000, behavior: 0x00000004"),
        Line(25, "syscalls:sys_exit_madvise: 0xffffffffffffffea"),
        Line(26, "sched:sched_switch: prev_comm=my app prev_pid=10"),
        Line(27, "PERF_RECORD_LOST lost 3", tid: 0, pid: 0, name: "swapper"),
        Line(28, "syscalls:sys_enter_exit_group: error_code: 0x00000007", tid: 12, pid: 12),
        Line(29, "sched:sched_process_exit: comm=my app pid=12 prio=120 group_dead=true", tid: 12, pid: 12),
        Line(30, "PERF_RECORD_EXIT(12:12):(10:10)", tid: 12, pid: 12),
        Line(31, "syscalls:sys_enter_munmap: addr: 0x7fb5cd600000, len: 0x00200000"),
        Line(32, "syscalls:sys_exit_munmap: 0x0"),
        Line(33, "sched:sched_process_exit: comm=my app pid=10 prio=120 group_dead=true"),
    ];
}
