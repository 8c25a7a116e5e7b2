namespace Faultline.Traces;

/// <summary>Counts a recording while it is read.</summary>
internal sealed class SummaryBuilder(TraceReader reader)
{
    private const int PageShift = 12;
    private const int CancellationStride = 4096;

    // mmap's arguments and flag as the kernel numbers them.
    private const int MmapLength = 1, MmapFlags = 3, MunmapLength = 1;
    private const ulong MapAnonymous = 0x20;

    private struct CallCount
    {
        public long Count, Failed, Unfinished, Total, Max;
    }

    private readonly CallCount[] _calls = new CallCount[byte.MaxValue + 1];
    private readonly Dictionary<FaultCode, long> _faults = [];
    private readonly SortedDictionary<EventKind, long> _events = [];
    private readonly Dictionary<string, long> _programs = new(StringComparer.Ordinal);
    private readonly HashSet<int> _processes = [], _threads = [], _live = [];
    private readonly HashSet<(uint, uint, ulong)> _files = [];
    private readonly HashSet<(int, ulong)> _pages = [];
    private long _anonymousMaps, _anonymousBytes, _fileMaps, _fileBytes, _largest, _unmaps, _unmappedBytes, _lines;
    private int _mostLive;

    public TraceSummary Build(CancellationToken cancellation)
    {
        long first = 0, last = 0;
        while (reader.Read())
        {
            ref readonly var e = ref reader.Current;
            if (e.Index % CancellationStride == 0) cancellation.ThrowIfCancellationRequested();
            if (e.Index == 0) first = e.Time;
            last = e.Kind == EventKind.Call ? Math.Max(last, e.Call.ExitTime) : Math.Max(last, e.Time);
            Count(e);
        }

        return new TraceSummary
        {
            Header = reader.Header,
            Totals = reader.Totals,
            Programs = [.. _programs.Select(p => new ProgramSummary(p.Key, p.Value))],
            DurationNanoseconds = last - first,
            Processes = _processes.Count,
            Threads = _threads.Count,
            MostLiveThreads = _mostLive,
            Spaces = reader.SpaceCount,
            Events = _events,
            Faults = [.. _faults.GroupBy(f => FaultClass.Describe(f.Key), f => f.Value)
                .Select(g => new FaultSummary(g.Key, g.Sum())).OrderByDescending(f => f.Count)],
            Calls = [.. SystemCalls.All.Select(Summarize).Where(c => c.Count > 0).OrderByDescending(c => c.TotalNanoseconds)],
            Areas = new AreaSummary(_anonymousMaps, _anonymousBytes, _fileMaps, _fileBytes, _largest, _unmaps, _unmappedBytes,
                _files.Count, _lines, _pages.Count),
        };
    }

    private void Count(in TraceEvent e)
    {
        _events[e.Kind] = _events.GetValueOrDefault(e.Kind) + 1;
        if (e.Kind == EventKind.Lost) return; // of whatever thread ran when the buffer was read

        _processes.Add(e.ProcessId);
        _threads.Add(e.ThreadId);
        if (e.Kind == EventKind.Exit) _live.Remove(e.ThreadId);
        else _live.Add(e.ThreadId);
        _mostLive = Math.Max(_mostLive, _live.Count);

        switch (e.Kind)
        {
            case EventKind.Call:
                CountCall(e.Time, e.Call);
                break;
            case EventKind.Fault:
                _faults[e.Fault.Code] = _faults.GetValueOrDefault(e.Fault.Code) + 1;
                _pages.Add((e.Space, e.Fault.Address >> PageShift));
                break;
            case EventKind.Exec when e.Exec.Path >= 0:
                var path = reader.Strings[e.Exec.Path];
                _programs[path] = _programs.GetValueOrDefault(path) + 1;
                break;
            case EventKind.Mapping:
                _lines++;
                if (e.Mapping.IsFile) _files.Add((e.Mapping.DeviceMajor, e.Mapping.DeviceMinor, e.Mapping.Inode));
                break;
        }
    }

    private void CountCall(long enter, in CallData call)
    {
        ref var count = ref _calls[(int)call.Number];
        var time = call.Number.HasExit() && call.IsComplete ? call.ExitTime - enter : 0;
        count.Count++;
        count.Total += time;
        count.Max = Math.Max(count.Max, time);
        if (call.Errno != 0) count.Failed++;
        if (call.Number.HasExit() && (call.Flags & CallFlags.NoExit) != 0) count.Unfinished++;
        if (!call.IsComplete || call.Errno != 0) return;

        if (call.Number == SystemCall.Munmap)
        {
            _unmaps++;
            _unmappedBytes += (long)call.Arguments[MunmapLength];
        }
        else if (call.Number == SystemCall.Mmap)
        {
            var length = (long)call.Arguments[MmapLength];
            _largest = Math.Max(_largest, length);
            if ((call.Arguments[MmapFlags] & MapAnonymous) != 0) (_anonymousMaps, _anonymousBytes) = (_anonymousMaps + 1, _anonymousBytes + length);
            else (_fileMaps, _fileBytes) = (_fileMaps + 1, _fileBytes + length);
        }
    }

    private CallSummary Summarize(SystemCall call)
    {
        ref readonly var c = ref _calls[(int)call];
        return new CallSummary(call.Name(), c.Count, c.Failed, c.Unfinished, c.Total, c.Max);
    }
}
