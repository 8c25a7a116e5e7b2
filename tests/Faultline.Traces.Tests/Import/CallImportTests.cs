using static Faultline.Traces.Tests.Perf;

namespace Faultline.Traces.Tests;

public class CallImportTests
{
    [Fact]
    public void WhenEnterAndExitMeetThenTheyAreOneCall()
    {
        var recording = ImportLines(
            Line(1_000, "syscalls:sys_enter_mmap: addr: 0x00000000, len: 0x00002000, prot: 0x00000003, flags: 0x00000022, fd: 0xffffffff, off: 0x00000000", cpu: 3),
            Line(1_500, "syscalls:sys_exit_mmap: 0x7fb5cd795000", cpu: 3));

        var e = Assert.Single(recording.Events.ToArray());
        Assert.Equal((EventKind.Call, 1_000L, 10, 10, 3), (e.Kind, e.Time, e.ProcessId, e.ThreadId, e.Cpu));
        Assert.Equal((SystemCall.Mmap, 1_500L, 0x7fb5cd795000L, true), (e.Call.Number, e.Call.ExitTime, e.Call.Result, e.Call.IsComplete));
        Assert.Equal([0UL, 0x2000, 3, 0x22, 0xffffffff, 0], ((ReadOnlySpan<ulong>)e.Call.Arguments).ToArray());
        Assert.Equal(0, e.Call.Errno);
    }

    [Fact]
    public void WhenTheResultIsAnErrnoThenItIsRead()
    {
        var recording = ImportLines(
            Line(1, "syscalls:sys_enter_munmap: addr: 0x00000001, len: 0x00001000"),
            Line(2, "syscalls:sys_exit_munmap: 0xffffffffffffffea"));
        Assert.Equal((-22L, 22), (recording[0].Call.Result, recording[0].Call.Errno));
    }

    [Fact]
    public void WhenThreadsCallAtTheSameTimeThenEachGetsItsOwnExitAndEnterOrderHolds()
    {
        var recording = ImportLines(
            Line(1, "syscalls:sys_enter_munmap: addr: 0x1000, len: 0x1000", tid: 10),
            Line(2, "syscalls:sys_enter_brk: brk: 0x00000000", tid: 11),
            Line(3, "exceptions:page_fault_user: address=0x5000 ip=0x6000 error_code=0x6", tid: 12),
            Line(4, "syscalls:sys_exit_brk: 0x9000", tid: 11),
            Line(5, "syscalls:sys_exit_munmap: 0x0", tid: 10));

        Assert.Equal([1L, 2, 3], recording.Events.ToArray().Select(e => e.Time));
        Assert.Equal((10, 5L, SystemCall.Munmap), (recording[0].ThreadId, recording[0].Call.ExitTime, recording[0].Call.Number));
        Assert.Equal((11, 4L, 0x9000L), (recording[1].ThreadId, recording[1].Call.ExitTime, recording[1].Call.Result));
    }

    [Fact]
    public void WhenACallNeverReturnsThenItIsFlaggedAndCounted()
    {
        var recording = ImportLines(
            Line(1, "syscalls:sys_enter_munmap: addr: 0x1000, len: 0x1000"),
            Line(9, "sched:sched_process_exit: comm=app pid=10 prio=120 group_dead=true"));
        Assert.Equal((CallFlags.NoExit, 9L, 1L), (recording[0].Call.Flags, recording[0].Call.ExitTime, recording.Totals.UnfinishedCalls));
    }

    [Fact]
    public void WhenAThreadEntersAgainThenItsOpenCallIsFlagged()
    {
        var recording = ImportLines(
            Line(1, "syscalls:sys_enter_munmap: addr: 0x1000, len: 0x1000"),
            Line(5, "syscalls:sys_enter_brk: brk: 0x0"),
            Line(6, "syscalls:sys_exit_brk: 0x9000"));
        Assert.Equal((CallFlags.NoExit, 5L), (recording[0].Call.Flags, recording[0].Call.ExitTime));
        Assert.True(recording[1].Call.IsComplete);
    }

    [Fact]
    public void WhenOnlyTheExitIsThereThenItIsKeptAndFlagged()
    {
        var recording = ImportLines(Line(4, "syscalls:sys_exit_execve: 0x0"));
        Assert.Equal((CallFlags.NoEnter, 4L, 1L), (recording[0].Call.Flags, recording[0].Call.ExitTime, recording.Totals.UnmatchedExits));
    }

    [Fact]
    public void WhenACallHasNoExitByNatureThenItIsNotCountedAsUnfinished()
    {
        var recording = ImportLines(
            Line(1, "syscalls:sys_enter_vfork: "),
            Line(2, "syscalls:sys_enter_exit_group: error_code: 0x00000007"));
        Assert.Equal([SystemCall.Vfork, SystemCall.ExitGroup], recording.Events.ToArray().Select(e => e.Call.Number));
        Assert.Equal(7UL, recording[1].Call.Arguments[0]);
        Assert.Equal(0, recording.Totals.UnfinishedCalls);
    }

    [Fact]
    public void WhenEveryKnownCallIsRecordedThenEachIsReadWithAllItsArguments()
    {
        foreach (var call in SystemCalls.All)
        {
            var arguments = Enumerable.Range(1, call.ArgumentCount()).Select(i => $"a{i}: 0x{i:x8}");
            var recording = ImportLines(Line(1, $"syscalls:sys_enter_{call.Name()}: {string.Join(", ", arguments)}"));
            Assert.Equal(call, recording[0].Call.Number);
            for (var i = 0; i < call.ArgumentCount(); i++) Assert.Equal((ulong)i + 1, recording[0].Call.Arguments[i]);
        }
    }

    [Fact]
    public void WhenMappingLinesStandInACallThenTheCallOwnsThem()
    {
        var recording = ImportLines(
            Line(1, "syscalls:sys_enter_mprotect: start: 0x1000, len: 0x1000, prot: 0x1"),
            Line(2, "exceptions:page_fault_user: address=0x5000 ip=0x6000 error_code=0x6", tid: 11),
            Line(3, "PERF_RECORD_MMAP2 10/10: [0x1000(0x1000) @ 0x2000 fe:01 734 1262068282]: r--s /etc/ld.so.cache"),
            Line(4, "PERF_RECORD_MMAP2 10/10: [0x2000(0x3000) @ 0x2000 00:00 0 0]: rwxp //anon"),
            Line(5, "syscalls:sys_exit_mprotect: 0x0"),
            Line(6, "PERF_RECORD_MMAP2 10/10: [0x9000(0x1000) @ 0 00:00 0 0]: ---p [stack]"));

        Assert.Equal([2, 3], recording.MappingsOf(0).ToArray());
        Assert.Equal(MappingData.NoOwner, recording[4].Mapping.Owner);
        var file = recording[2].Mapping;
        Assert.Equal((0x1000UL, 0x2000UL, 0x2000UL, 0xfeu, 1u, 734UL, 1262068282UL),
            (file.Start, file.End, file.Offset, file.DeviceMajor, file.DeviceMinor, file.Inode, file.Generation));
        Assert.Equal(MappingRights.Read | MappingRights.Shared, file.Rights);
        Assert.Equal("/etc/ld.so.cache", recording.Strings[file.Path]);
        Assert.True(file.IsFile);
        Assert.False(recording[3].Mapping.IsFile);
        Assert.Equal(MappingRights.Read | MappingRights.Write | MappingRights.Execute, recording[3].Mapping.Rights);
    }

    [Fact]
    public void WhenAMappingLineHasABuildIdThenRangeRightsAndPathAreRead()
    {
        var recording = ImportLines(Line(1, "PERF_RECORD_MMAP2 10/10: [0x1000(0x1000) @ 0 <1b2c3d4e>]: r-xp /usr/lib/my lib.so (deleted)"));
        Assert.Equal((0x1000UL, MappingRights.Read | MappingRights.Execute), (recording[0].Mapping.Start, recording[0].Mapping.Rights));
        Assert.Equal("/usr/lib/my lib.so (deleted)", recording.Strings[recording[0].Mapping.Path]);
    }
}
