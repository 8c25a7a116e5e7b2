namespace Faultline.Traces.Replay;

// Calls: from enter to exit they are open, and take effect at the latest at their exit.
internal sealed partial class PlanBuilder
{
    private void AddCall(in TraceEvent e)
    {
        SystemCall call = e.Call.Number;
        if (!call.HasExit() || call is SystemCall.Execve or SystemCall.Execveat) return; // forks, execs and exits are events of their own
        if (!e.Call.IsComplete)
        {
            Skip($"{call.Name()}: begun or ended outside the recording");
            return;
        }

        SpacePlan space = SpaceOf(e);
        if (CallShape.Of(_recording, e, space) is not { } shape)
        {
            Skip($"{call.Name()}: its arguments are pointers or descriptors, which a recording does not resolve");
            return;
        }

        ThreadOf(e);
        space.Open.Add(shape);
        _effects.Enqueue((shape, space), (shape.EffectTime, shape.Event));
    }

    // A thread has one call open. Recordings of real programs have a few that overlap; of hundreds that never end the search below would take for ever.
    private const int MostConflicts = 32;

    private void Skip(string why) => _skipped[why] = _skipped.GetValueOrDefault(why) + 1;

    /// <summary>Lets the open calls take effect that do so by then.</summary>
    private void CommitCallsUntil(long time)
    {
        while (_effects.TryPeek(out (CallShape Call, SpacePlan Space) next, out (long Latest, int) at) && at.Latest <= time)
        {
            _effects.Dequeue();
            if (!next.Space.Open.Contains(next.Call)) continue; // a conflict decided that it came earlier
            SettleConflicts(next.Call, next.Space);
            CommitCall(next.Call, next.Space);
        }
    }

    /// <summary>
    /// A call is about to take effect. Other calls of overlapping ranges that are open now may have taken effect before it: they do so if only that order makes
    /// both recorded results possible. Else the order of the times stands.
    /// </summary>
    private void SettleConflicts(CallShape call, SpacePlan space)
    {
        CallShape[] others = [.. space.Open.Where(other => other != call && other.Overlaps(call)).Take(MostConflicts)];
        if (others.Length == 0) return;
        CommitNeeded(others, space, call.IsPossible);

        foreach (CallShape other in others)
        {
            if (other.HasLines || !space.Open.Contains(other)) continue; // a line says when: it is not earlier
            var now = new AreaView(space.Areas);
            bool laterIsWrong = call.IsPossible(now) && !other.IsPossible(now.Then(call));
            if (laterIsWrong && other.IsPossible(now) && call.IsPossible(now.Then(other))) CommitCall(other, space);
        }
    }

    /// <summary>Lets the fewest first of <paramref name="others"/> take effect that make something possible, if it is not already.</summary>
    private void CommitNeeded(ReadOnlySpan<CallShape> others, SpacePlan space, Func<AreaView, bool> isPossible)
    {
        var view = new AreaView(space.Areas);
        if (isPossible(view)) return;
        for (int needed = 0; needed < others.Length; needed++)
        {
            // One alone, then one after the other: most conflicts are with one call.
            if (isPossible(view.Then(others[needed])))
            {
                CommitCall(others[needed], space);
                return;
            }
        }

        for (int needed = 0; needed < others.Length; needed++)
        {
            view = view.Then(others[needed]);
            if (!isPossible(view)) continue;
            foreach (CallShape other in others[..(needed + 1)]) CommitCall(other, space);
            return;
        }
    }

    private void CommitCall(CallShape call, SpacePlan space)
    {
        space.Open.Remove(call);
        ref readonly TraceEvent e = ref _recording[call.Event];
        ThreadPlan thread = Begin(e);
        if (_orderCalls) _collector.Add(space.LastCall);
        space.LastCall = call.Event;
        AreaChange[] changes = [.. call.Changes(new AreaView(space.Areas))];

        // Before the call becomes the writer of its own range.
        space.Areas.Read(call.SeenStart, call.SeenEnd, call.Event, _collector, _operations, thread);
        Write(space, call.Start, call.End, call);
        Write(space, call.TargetStart, call.TargetEnd, call);
        foreach (AreaChange change in changes) space.Areas.Write(change.Start, change.End, call.Event, _collector, change.State);
        if (call.Errno == Errno.None) call.ShareAnon(space.Areas, _collector);
        if (call.Number == SystemCall.Brk) space.Break = (ulong)e.Call.Result;
        Finish(call.Event, thread);
        if (!_waiting.Remove(call.Event, out List<int>? faults)) return;
        foreach (int fault in faults) CommitFault(_recording[fault], mayWait: false);
    }

    private void Write(SpacePlan space, ulong start, ulong end, CallShape call)
    {
        if (start >= end) return;
        space.Areas.Write(start, end, call.Event, _collector, static state => state);
        bool removes = call.RemovesPages && call.Errno == Errno.None;
        space.Pages.Settle(start >> Page.Shift, Page.Count(Page.Ceiling(end - 1)), removes, _collector, _races);
    }
}
