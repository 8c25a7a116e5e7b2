using static Faultline.Traces.Tests.Perf;

namespace Faultline.Traces.Tests;

public class ProcessImportTests
{
    private const string Fault = "exceptions:page_fault_user: address=0x1000 ip=0x2000 error_code=0x6";

    [Fact]
    public void WhenAnImageStartsThenItsLinesBelongToItAndTheSpaceIsNew()
    {
        var recording = ImportLines(
            Line(1, Fault),
            Line(2, "syscalls:sys_enter_execve: filename: 0x1, argv: 0x2, envp: 0x3"),
            Line(3, "PERF_RECORD_COMM exec: my app:10/10", name: "my app"),
            Line(4, "PERF_RECORD_MMAP2 10/10: [0x1000(0x1000) @ 0 fe:00 5 0]: r-xp /bin/my app", name: "my app"),
            Line(5, "exceptions:page_fault_kernel: address=0x1018 ip=elf_load error_code=0x2", name: "my app"),
            Line(6, "sched:sched_process_exec: filename=/bin/my app pid=10 old_pid=10", name: "my app"),
            Line(7, "syscalls:sys_exit_execve: 0x0", name: "my app"),
            Line(8, "PERF_RECORD_MMAP2 10/10: [0x8000(0x1000) @ 0 fe:00 5 0]: r-xp /x", name: "my app"));

        var (call, exec) = (recording[1], recording[2]);
        Assert.Equal((EventKind.Call, 0, 7L), (call.Kind, call.Space, call.Call.ExitTime));
        Assert.Equal((EventKind.Exec, 3L, 1, 0), (exec.Kind, exec.Time, exec.Space, exec.Exec.PreviousSpace));
        Assert.Equal(("/bin/my app", "my app"), (recording.Strings[exec.Exec.Path], recording.Strings[exec.Exec.Name]));
        Assert.Equal([3], recording.MappingsOf(2).ToArray());
        Assert.Empty(recording.MappingsOf(1).ToArray());
        Assert.Equal(1, recording[4].Space);
        Assert.Equal(MappingData.NoOwner, recording[5].Mapping.Owner);
        Assert.Equal(2, recording.SpaceCount);
    }

    [Fact]
    public void WhenExecveFailsThenTheSpaceStays()
    {
        var recording = ImportLines(
            Line(1, "syscalls:sys_enter_execve: filename: 0x1, argv: 0x2, envp: 0x3"),
            Line(2, "syscalls:sys_exit_execve: 0xfffffffffffffffe"),
            Line(3, Fault));
        Assert.Equal((2, 0), (recording[0].Call.Errno, recording[1].Space));
    }

    [Fact]
    public void WhenAnotherThreadThanTheFirstExecutesThenItsCallIsPairedAcrossTheChangeOfId()
    {
        var recording = ImportLines(
            Line(1, "syscalls:sys_enter_execve: filename: 0x1, argv: 0x2, envp: 0x3", tid: 12),
            Line(2, "sched:sched_process_exit: comm=app pid=10 prio=120 group_dead=false"),
            Line(3, "PERF_RECORD_COMM exec: new:10/10", name: "new"),
            Line(4, "sched:sched_process_exec: filename=/bin/new pid=10 old_pid=12", name: "new"),
            Line(5, "syscalls:sys_exit_execve: 0x0", name: "new"));
        Assert.Equal((12, 5L, true), (recording[0].ThreadId, recording[0].Call.ExitTime, recording[0].Call.IsComplete));
        Assert.Equal(12, recording[2].Exec.OldThreadId);
        Assert.Equal(0, recording[2].Exec.PreviousSpace);
    }

    [Fact]
    public void WhenTextHasNoTaskEventsThenAnExecIsStillSeen()
    {
        var recording = ImportLines(Line(4, "sched:sched_process_exec: filename=/bin/new pid=10 old_pid=10"));
        Assert.Equal(EventKind.Exec, recording[0].Kind);
        Assert.Equal("/bin/new", recording.Strings[recording[0].Exec.Path]);
    }

    [Theory]
    [InlineData("3d0f00", 10, 11, true, 0)]   // a thread
    [InlineData("4100", 11, 11, true, 0)]     // vfork: shares the space until exec or exit
    [InlineData("1200000", 11, 11, false, 1)] // fork copies
    public void WhenATaskStartsThenItsHexadecimalFlagsDecideItsSpace(string flags, int childPid, int childTid, bool shares, int space)
    {
        var recording = ImportLines(
            Line(1, $"PERF_RECORD_FORK({childPid}:{childTid}):(10:10)"),
            Line(2, $"task:task_newtask: pid={childTid} comm=a b clone_flags={flags} oom_score_adj=0"),
            Line(3, Fault, tid: childTid, pid: childPid));

        Assert.Equal(2, recording.Events.Length);
        var fork = recording[0].Fork;
        Assert.Equal((childPid, childTid, shares, space), (fork.ChildProcessId, fork.ChildThreadId, fork.SharesSpace, fork.ChildSpace));
        Assert.Equal(childPid == 10, fork.IsThread);
        Assert.Equal(space, recording[1].Space);
    }

    [Fact]
    public void WhenAVforkChildExecutesThenOnlyItLeavesTheSpace()
    {
        var recording = ImportLines(
            Line(1, "PERF_RECORD_FORK(11:11):(10:10)"),
            Line(2, "task:task_newtask: pid=11 comm=app clone_flags=4100 oom_score_adj=0"),
            Line(3, "PERF_RECORD_COMM exec: new:11/11", tid: 11, pid: 11),
            Line(4, Fault, tid: 11, pid: 11),
            Line(5, Fault));
        Assert.Equal((0, 1, 1, 0), (recording[0].Fork.ChildSpace, recording[1].Space, recording[2].Space, recording[3].Space));
        Assert.Equal(0, recording[1].Exec.PreviousSpace);
    }

    [Fact]
    public void WhenTheFlagsAreMissingThenTheIdsDecide()
    {
        var recording = ImportLines(
            Line(1, "PERF_RECORD_FORK(10:11):(10:10)"),
            Line(2, "PERF_RECORD_FORK(12:12):(10:10)"));
        Assert.Equal((true, true), (recording[0].Fork.SharesSpace, recording[0].Fork.IsThread));
        Assert.Equal((false, false), (recording[1].Fork.SharesSpace, recording[1].Fork.IsThread));
    }

    [Fact]
    public void WhenOnlyTheFlagsAreThereThenTheForkIsStillSeen()
    {
        var recording = ImportLines(
            Line(1, "task:task_newtask: pid=11 comm=app clone_flags=3d0f00 oom_score_adj=0"),
            Line(2, "task:task_newtask: pid=12 comm=app clone_flags=1200000 oom_score_adj=0"));
        Assert.Equal((10, 12), (recording[0].Fork.ChildProcessId, recording[1].Fork.ChildProcessId));
    }

    [Fact]
    public void WhenAnIdIsUsedAgainThenTheNewProcessHasItsOwnSpace()
    {
        var recording = ImportLines(
            Line(1, "PERF_RECORD_FORK(11:11):(10:10)"),
            Line(2, "task:task_newtask: pid=11 comm=app clone_flags=0 oom_score_adj=0"),
            Line(3, "sched:sched_process_exit: comm=app pid=11 prio=120 group_dead=true", tid: 11, pid: 11),
            Line(4, "PERF_RECORD_FORK(11:11):(10:10)"),
            Line(5, "task:task_newtask: pid=11 comm=app clone_flags=0 oom_score_adj=0"),
            Line(6, Fault, tid: 11, pid: 11));
        Assert.Equal((1, 2, 2), (recording[0].Fork.ChildSpace, recording[2].Fork.ChildSpace, recording[3].Space));
    }

    [Fact]
    public void WhenBothExitLinesAreThereThenTheExitIsOneEvent()
    {
        var recording = ImportLines(
            Line(1, "sched:sched_process_exit: comm=a pid= b pid=10 prio=120 group_dead=true"),
            Line(2, "PERF_RECORD_EXIT(10:10):(9:9)"));
        Assert.True(Assert.Single(recording.Events.ToArray()).Exit.GroupDead);
    }

    [Fact]
    public void WhenTheKernelDoesNotSayThenTheLastThreadsExitEndsTheProcess()
    {
        var recording = ImportLines(
            Line(1, "PERF_RECORD_FORK(10:11):(10:10)"),
            Line(2, "sched:sched_process_exit: comm=app pid=10 prio=120"),
            Line(3, "PERF_RECORD_EXIT(10:11):(9:9)", tid: 11));
        Assert.Equal([false, true], recording.Events[1..].ToArray().Select(e => e.Exit.GroupDead));
    }

    [Fact]
    public void WhenAThreadIsNamedThenTheNamedThreadGetsIt()
    {
        var recording = ImportLines(Line(1, "PERF_RECORD_COMM: GC: 1/2:10/12"));
        Assert.Equal((EventKind.Name, 12, "GC: 1/2"), (recording[0].Kind, recording[0].ThreadId, recording.Strings[recording[0].Name.Name]));
    }

    [Fact]
    public void WhenASignalIsDeliveredThenNumberAndCodeAreRead()
    {
        var recording = ImportLines(Line(1, "signal:signal_deliver: sig=11 errno=0 code=-6 sa_handler=56351776d1e9 sa_flags=4000004"));
        Assert.Equal((EventKind.Signal, 11, -6), (recording[0].Kind, recording[0].Signal.Number, recording[0].Signal.Code));
    }
}
