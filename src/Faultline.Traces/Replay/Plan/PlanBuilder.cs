namespace Faultline.Traces.Replay;

/// <summary>Builds the order of a recording: walks through it in time, lets each operation take effect, and notes whom it then follows.</summary>
/// <remarks>
/// <para>An operation takes effect at a moment of its own interval, so the moments are one linear order and no cycle can come about. A fault takes effect at
/// its time stamp, a call when Linux reported its mapping line or else at its exit, unless a recorded result says otherwise: see <see cref="SettleConflicts(CallShape, SpacePlan)"/>.</para>
/// <para>Two operations are then ordered only if they conflict; the linear order itself is forgotten.</para>
/// </remarks>
internal sealed partial class PlanBuilder
{
    private readonly Recording _recording;
    private readonly bool _orderCalls;
    private readonly Survey _survey;
    private readonly OperationTable _operations;
    private readonly Collector _collector;
    private readonly SpacePlan?[] _spaces;
    private readonly List<ThreadPlan> _threads = [];
    private readonly Dictionary<int, ThreadPlan> _current = [];
    private readonly PriorityQueue<(CallShape Call, SpacePlan Space), (long, int)> _effects = new();
    // First writes that take effect only after a call, by the call's event.
    private readonly Dictionary<int, List<int>> _waiting = [];
    private readonly SortedDictionary<string, long> _skipped = new(StringComparer.Ordinal);

    // Faults that found the same entry at the same time; number 0 is none.
    private readonly List<List<int>> _races = [[]];

    private PlanBuilder(Recording recording, bool orderCalls)
    {
        _recording = recording;
        _orderCalls = orderCalls;
        _survey = new Survey(recording);
        _operations = new OperationTable(recording.Events.Length);
        _collector = new Collector(_operations);
        _spaces = new SpacePlan?[recording.SpaceCount];
    }

    public static ReplayPlan Build(Recording recording, bool orderCalls, int events, CancellationToken cancellation)
    {
        const int CancellationStride = 4096;
        var builder = new PlanBuilder(recording, orderCalls);
        for (int i = 0; i < events; i++)
        {
            if (i % CancellationStride == 0) cancellation.ThrowIfCancellationRequested();
            builder.Add(recording[i]);
        }

        builder.CommitCallsUntil(long.MaxValue);

        // What waits for a call behind the last of these events.
        foreach (int fault in builder._waiting.Values.SelectMany(faults => faults).Order()) builder.CommitFault(recording[fault], mayWait: false);
        return new ReplayPlan(recording, builder._operations, builder._threads, builder._survey, builder._races.Count, builder._skipped);
    }

    private void Add(in TraceEvent e)
    {
        CommitCallsUntil(e.Time);
        switch (e.Kind)
        {
            case EventKind.Fault:
                CommitFault(e);
                break;
            case EventKind.Call:
                AddCall(e);
                break;
            case EventKind.Fork:
                CommitFork(e);
                break;
            case EventKind.Exec:
                CommitExec(e);
                break;
            case EventKind.Exit:
                CommitExit(e);
                break;
        }
    }

    private ThreadPlan ThreadOf(in TraceEvent e)
    {
        if (_current.TryGetValue(e.ThreadId, out ThreadPlan? thread)) return thread;

        // Its start was not recorded: it starts with the replay, but not before its space exists.
        thread = NewThread(e.ThreadId, start: -1);
        if (e.Kind != EventKind.Exec && SpaceOf(e).Creator is >= 0 and var creator) thread.NextWaitsFor.Add(creator);
        return thread;
    }

    private ThreadPlan NewThread(int threadId, int start)
    {
        var thread = new ThreadPlan(_threads.Count, threadId, start);
        _threads.Add(thread);
        _current[threadId] = thread;
        return thread;
    }

    private SpacePlan SpaceOf(in TraceEvent e) => _spaces[e.Space] ??= SpacePlan.New(e.Space, creator: -1);

    private ThreadPlan Begin(in TraceEvent e)
    {
        ThreadPlan thread = ThreadOf(e);
        _collector.Begin(thread);
        foreach (int before in thread.NextWaitsFor) _collector.Add(before);
        thread.NextWaitsFor.Clear();
        return thread;
    }

    private void Finish(int operation, ThreadPlan thread) => _operations.Add(operation, thread, _collector.Found);

    private void CommitFork(in TraceEvent e)
    {
        ThreadPlan parent = Begin(e);
        SpacePlan space = SpaceOf(e);
        if (!e.Fork.SharesSpace)
        {
            // A copy of the whole space: ordered against everything in it.
            space.Areas.CollectAll(_collector);
            space.Pages.Settle(0, ulong.MaxValue >> Page.Shift, removes: false, _collector, _races);
            space.Areas.Restamp(e.Index);
            _spaces[e.Fork.ChildSpace] = space.Fork(e.Fork.ChildSpace, e.Index);
        }

        Finish(e.Index, parent);
        ThreadPlan child = NewThread(e.Fork.ChildThreadId, e.Index);
        child.LearnFrom(parent);
        if ((e.Fork.Flags & CloneFlags.Vfork) != 0) child.VforkParent = parent;
    }

    private void CommitExec(in TraceEvent e)
    {
        ThreadPlan thread = Begin(e);
        if (e.Exec.OldThreadId != e.ThreadId && _current.Remove(e.Exec.OldThreadId, out ThreadPlan? caller) && caller.Operations.Count > 0)
            _collector.Add(caller.Operations[^1]);

        var space = SpacePlan.New(e.Space, e.Index);
        _spaces[e.Space] = space;
        foreach (int index in _recording.MappingsOf(e.Index))
        {
            ref readonly MappingData line = ref _recording[index].Mapping;
            AreaState state = ImageState(line);
            space.Areas.Write(line.Start, line.End, e.Index, _collector, _ => state);
        }

        Finish(e.Index, thread);
        ReleaseVforkParent(thread, e.Index);
    }

    private AreaState ImageState(in MappingData line)
    {
        var rights = (Protection)(line.Rights & ~MappingRights.Shared);
        AreaKind kind = line.IsFile ? AreaKind.File : AreaKind.Anonymous;
        if (_recording.Strings[line.Path] == ReplayNames.Stack) kind = AreaKind.Stack;
        return new AreaState(kind, rights, line.IsFile ? (line.Inode << Page.Shift) ^ (line.Start - line.Offset) : 0);
    }

    private void CommitExit(in TraceEvent e)
    {
        ThreadPlan thread = Begin(e);
        Finish(e.Index, thread);
        ReleaseVforkParent(thread, e.Index);
    }

    // vfork returns in the parent when the child has left its space.
    private static void ReleaseVforkParent(ThreadPlan thread, int operation)
    {
        thread.VforkParent?.NextWaitsFor.Add(operation);
        thread.VforkParent = null;
    }
}
