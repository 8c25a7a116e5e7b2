namespace Faultline.Traces.Import;

// Forks, execs, exits, names, signals and losses.
internal sealed partial class EventAssembler
{
    // PERF_RECORD_FORK(child pid:child tid):(parent pid:parent tid)
    private bool AddFork(in PerfLine line, ThreadState thread)
    {
        if (!TryParseIdPair(line.Payload, out var process, out var child)) return false;
        var e = NewEvent(line, EventKind.Fork);
        e.Fork.ChildProcessId = process;
        e.Fork.ChildThreadId = child;
        e.Fork.Flags = process == line.ProcessId ? CloneFlags.Vm | CloneFlags.Thread : CloneFlags.None;
        thread.Fork = _pending.Add(e, open: true);
        Start(process, child);
        return true;
    }

    // task_newtask: pid=CHILD comm=NAME clone_flags=HEX oom_score_adj=N
    private bool AddNewTask(in PerfLine line, ThreadState thread)
    {
        var text = new TextCursor(line.Payload);
        if (!text.Skip("pid="u8) || !text.Integer(out var child)) return false;
        if (!TrySkipPastLast(ref text, " clone_flags="u8) || !text.HexDigits(out var flags)) return false;

        if (thread.Fork != None && _pending[thread.Fork].Fork.ChildThreadId == child)
        {
            _pending[thread.Fork].Fork.Flags = (CloneFlags)flags;
            CloseFork(thread);
            return true;
        }

        CloseFork(thread);
        var e = NewEvent(line, EventKind.Fork);
        e.Fork.Flags = (CloneFlags)flags;
        e.Fork.ChildProcessId = e.Fork.IsThread ? line.ProcessId : child;
        e.Fork.ChildThreadId = child;
        _pending.Add(e, open: false);
        Start(e.Fork.ChildProcessId, child);
        return true;
    }

    // PERF_RECORD_COMM exec: NAME:pid/tid
    private bool AddExec(in PerfLine line, ThreadState thread)
    {
        if (!TryParseComm(line.Payload, out var name, out _, out _)) return false;
        CloseExec(thread);
        var e = NewEvent(line, EventKind.Exec);
        e.Exec.Path = None;
        e.Exec.Name = Intern(name);
        e.Exec.OldThreadId = line.ThreadId;
        thread.Image = thread.Exec = _pending.Add(e, open: true);
        return true;
    }

    // sched_process_exec: filename=PATH pid=NEW old_pid=OLD
    private bool AddExecName(in PerfLine line, ThreadState thread)
    {
        var text = new TextCursor(line.Payload);
        if (!text.Skip("filename="u8)) return false;
        var end = text.Rest.LastIndexOf(" pid="u8);
        if (end < 0) return false;
        var path = Intern(text.Rest[..end]);
        if (!TrySkipPastLast(ref text, " old_pid="u8) || !text.Integer(out var old)) return false;

        if (thread.Exec == None)
        {
            // Text without task events: the image's lines are not known, the exec is.
            var e = NewEvent(line, EventKind.Exec);
            e.Exec.Name = None;
            thread.Exec = _pending.Add(e, open: true);
        }
        ref var exec = ref _pending[thread.Exec].Exec;
        exec.Path = path;
        exec.OldThreadId = old;
        CloseExec(thread);

        // A thread other than the first takes over the first one's id: its execve was entered under the old id.
        if (old != line.ThreadId && _threads.Remove(old, out var caller))
        {
            if (thread.Call == None)
            {
                thread.Call = caller.Call;
                caller.Call = None;
            }
            CloseAll(caller, _lastTime);
        }
        return true;
    }

    // sched_process_exit: comm=NAME pid=TID prio=N group_dead=true
    private bool AddThreadExit(in PerfLine line, ThreadState thread)
    {
        var text = new TextCursor(line.Payload);
        if (!TrySkipPastLast(ref text, " pid="u8)) return false;
        var (index, dead) = AddExitEvent(line, thread);
        if (text.SkipPast("group_dead="u8)) // older kernels do not say it
        {
            dead = text.Rest.StartsWith("true"u8);
            if (!dead && !text.Rest.StartsWith("false"u8)) return false;
        }
        _pending[index].Exit.GroupDead = dead;
        _pending.Close(index);
        return true;
    }

    // PERF_RECORD_EXIT(pid:tid):(parent's)
    private bool AddExitRecord(in PerfLine line, ThreadState thread)
    {
        if (!TryParseIdPair(line.Payload, out _, out _)) return false;
        if (!thread.HasExited)
        {
            var (index, dead) = AddExitEvent(line, thread);
            _pending[index].Exit.GroupDead = dead;
            _pending.Close(index);
        }
        _threads.Remove(line.ThreadId);
        return true;
    }

    // The exit, still open, and whether the threads counted so far say that it was the last one.
    private (int Index, bool Dead) AddExitEvent(in PerfLine line, ThreadState thread)
    {
        var e = NewEvent(line, EventKind.Exit);
        CloseAll(thread, e.Time);
        thread.HasExited = true;
        var live = _liveThreads.GetValueOrDefault(line.ProcessId) - 1;
        if (live > 0) _liveThreads[line.ProcessId] = live;
        else _liveThreads.Remove(line.ProcessId);
        return (_pending.Add(e, open: true), live <= 0);
    }

    // PERF_RECORD_COMM: NAME:pid/tid
    private bool AddName(in PerfLine line)
    {
        if (!TryParseComm(line.Payload, out var name, out var process, out var thread)) return false;
        var e = NewEvent(line, EventKind.Name);
        e.ProcessId = process;
        e.ThreadId = thread;
        e.Name.Name = Intern(name);
        _pending.Add(e, open: false);
        return true;
    }

    // signal_deliver: sig=N errno=N code=N sa_handler=… sa_flags=…
    private bool AddSignal(in PerfLine line)
    {
        var text = new TextCursor(line.Payload);
        var e = NewEvent(line, EventKind.Signal);
        if (!text.Skip("sig="u8) || !text.Integer(out e.Signal.Number)) return false;
        if (!text.SkipPast(" code="u8) || !text.Integer(out e.Signal.Code)) return false;
        _pending.Add(e, open: false);
        return true;
    }

    // PERF_RECORD_LOST lost N
    private bool AddLost(in PerfLine line)
    {
        var text = new TextCursor(line.Payload);
        if (!text.SkipPast("lost "u8) || !text.Long(out var count) || count < 0) return false;
        var e = NewEvent(line, EventKind.Lost);
        e.Lost.Count = count;
        _lost += count;
        _pending.Add(e, open: false);
        return true;
    }

    private void CloseFork(ThreadState thread)
    {
        if (thread.Fork == None) return;
        _pending.Close(thread.Fork);
        thread.Fork = None;
    }

    private void CloseExec(ThreadState thread)
    {
        if (thread.Exec == None) return;
        _pending.Close(thread.Exec);
        thread.Exec = None;
    }

    // A new thread under this id: what was open under it belonged to another.
    private void Start(int processId, int threadId)
    {
        if (_threads.Remove(threadId, out var old)) CloseAll(old, _lastTime);
        Thread(processId, threadId);
    }

    private static bool TryParseIdPair(ReadOnlySpan<byte> payload, out int process, out int thread)
    {
        thread = process = 0;
        var text = new TextCursor(payload);
        return text.Skip('(') && text.Integer(out process) && text.Skip(':') && text.Integer(out thread) && text.Skip("):("u8);
    }

    // Names may hold colons and slashes, ids cannot: look from the end.
    private static bool TryParseComm(ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> name, out int process, out int thread)
    {
        process = thread = 0;
        name = default;
        var colon = payload.LastIndexOf((byte)':');
        if (colon < 0) return false;
        name = payload[..colon];
        var text = new TextCursor(payload[(colon + 1)..]);
        return text.Integer(out process) && text.Skip('/') && text.Integer(out thread);
    }

    private static bool TrySkipPastLast(ref TextCursor text, ReadOnlySpan<byte> mark)
    {
        var at = text.Rest.LastIndexOf(mark);
        return at >= 0 && text.Advance(at + mark.Length);
    }
}
