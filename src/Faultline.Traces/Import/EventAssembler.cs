using System.Text;

namespace Faultline.Traces.Import;

/// <summary>Makes events of parsed lines: pairs enters with exits, forks with their flags, execs with their images.</summary>
/// <remarks>
/// What belongs together per thread, in the order in which perf prints it:
/// <code>
/// sys_enter_X … MMAP2 … sys_exit_X              one Call, and Mapping events that it owns
/// PERF_RECORD_FORK, task_newtask                one Fork: the first has both ids, the second the flags
/// COMM exec, MMAP2 …, sched_process_exec        one Exec, and Mapping events that it owns
/// sched_process_exit, PERF_RECORD_EXIT          one Exit: the first says whether the process is dead
/// </code>
/// </remarks>
internal sealed partial class EventAssembler(TraceWriter writer)
{
    private const int None = -1;
    private const int NameCapacity = 256;

    private sealed class ThreadState
    {
        public int Call = None;        // open call
        public int Fork = None;        // open fork, waits for its flags
        public int Exec = None;        // open exec, waits for its file name
        public int Image = None;       // exec whose mapping lines are being read
        public bool HasExited;
    }

    private readonly PendingEvents _pending = new(writer);
    private readonly Dictionary<int, ThreadState> _threads = [];
    private readonly Dictionary<int, int> _liveThreads = [];
    private readonly Dictionary<string, long> _ignored = new(StringComparer.Ordinal);
    private long _lastTime;
    private long _lost, _unfinished, _unmatched, _outOfOrder, _notTheProgram;

    /// <summary>Takes one line; false when its payload is not what its event's name promises.</summary>
    public bool TryAdd(in PerfLine line)
    {
        var isRecord = line.Event.StartsWith("PERF_RECORD_"u8);

        // Lost events count whoever was running when the buffer was read.
        if (isRecord && (line.Event.SequenceEqual("PERF_RECORD_LOST"u8) || line.Event.SequenceEqual("PERF_RECORD_LOST_SAMPLES"u8)))
            return AddLost(line);

        if (line.ProcessId <= 0 || line.Name.SequenceEqual("perf-exec"u8) || line.Payload.StartsWith("-1/"u8))
        {
            _notTheProgram++;
            return true;
        }

        var thread = Thread(line.ProcessId, line.ThreadId);
        if (thread.Fork != None && !line.Event.SequenceEqual("task:task_newtask"u8)) CloseFork(thread);

        if (line.Event.SequenceEqual("exceptions:page_fault_user"u8) || line.Event.SequenceEqual("exceptions:page_fault_kernel"u8))
            return AddFault(line);
        if (line.Event.StartsWith("syscalls:sys_enter_"u8)) return AddEnter(line, thread);
        if (line.Event.StartsWith("syscalls:sys_exit_"u8)) return AddExit(line, thread);
        return isRecord ? TryAddRecord(line, thread) : TryAddTracepoint(line, thread);
    }

    /// <summary>Ends what is still open and returns the totals, less the number of events.</summary>
    public TraceTotals Finish()
    {
        foreach (var thread in _threads.Values) CloseAll(thread, _lastTime);
        return new TraceTotals
        {
            Lost = _lost,
            UnfinishedCalls = _unfinished,
            UnmatchedExits = _unmatched,
            OutOfOrder = _outOfOrder,
            NotTheProgram = _notTheProgram,
            Ignored = new SortedDictionary<string, long>(_ignored, StringComparer.Ordinal),
        };
    }

    private bool TryAddRecord(in PerfLine line, ThreadState thread)
    {
        if (line.Event.SequenceEqual("PERF_RECORD_MMAP2"u8)) return AddMapping(line, thread);
        if (line.Event.SequenceEqual("PERF_RECORD_FORK"u8)) return AddFork(line, thread);
        if (line.Event.SequenceEqual("PERF_RECORD_EXIT"u8)) return AddExitRecord(line, thread);
        if (line.Event.SequenceEqual("PERF_RECORD_COMM exec"u8)) return AddExec(line, thread);
        if (line.Event.SequenceEqual("PERF_RECORD_COMM"u8)) return AddName(line);
        return Ignore(line);
    }

    private bool TryAddTracepoint(in PerfLine line, ThreadState thread)
    {
        if (line.Event.SequenceEqual("task:task_newtask"u8)) return AddNewTask(line, thread);
        if (line.Event.SequenceEqual("sched:sched_process_exec"u8)) return AddExecName(line, thread);
        if (line.Event.SequenceEqual("sched:sched_process_exit"u8)) return AddThreadExit(line, thread);
        if (line.Event.SequenceEqual("signal:signal_deliver"u8)) return AddSignal(line);
        return Ignore(line);
    }

    private TraceEvent NewEvent(in PerfLine line, EventKind kind)
    {
        var time = line.Time;
        if (time < _lastTime)
        {
            _outOfOrder++;
            time = _lastTime;
        }
        _lastTime = time;
        return new TraceEvent { Kind = kind, Time = time, ProcessId = line.ProcessId, ThreadId = line.ThreadId, Cpu = line.Cpu };
    }

    private ThreadState Thread(int processId, int threadId)
    {
        if (_threads.TryGetValue(threadId, out var thread)) return thread;
        _threads.Add(threadId, thread = new ThreadState());
        _liveThreads[processId] = _liveThreads.GetValueOrDefault(processId) + 1;
        return thread;
    }

    private bool Ignore(in PerfLine line)
    {
        Span<char> name = stackalloc char[NameCapacity];
        var text = name[..Encoding.UTF8.GetChars(line.Event[..Math.Min(line.Event.Length, NameCapacity)], name)];
        var counts = _ignored.GetAlternateLookup<ReadOnlySpan<char>>();
        counts.TryGetValue(text, out var count);
        counts[text] = count + 1;
        return true;
    }

    private int Intern(ReadOnlySpan<byte> utf8)
    {
        Span<char> chars = utf8.Length <= NameCapacity ? stackalloc char[NameCapacity] : new char[utf8.Length];
        return writer.Strings.Intern(chars[..Encoding.UTF8.GetChars(utf8, chars)]);
    }

    private void CloseAll(ThreadState thread, long time)
    {
        CloseCall(thread, time);
        CloseFork(thread);
        CloseExec(thread);
        thread.Image = None;
    }
}
