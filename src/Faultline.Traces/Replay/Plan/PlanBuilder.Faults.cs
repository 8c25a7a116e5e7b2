namespace Faultline.Traces.Replay;

// Faults: they look at the areas, and change the entry of one page.
internal sealed partial class PlanBuilder
{
    private void CommitFault(in TraceEvent e)
    {
        SpacePlan space = SpaceOf(e);
        ulong address = e.Fault.Address, page = address >> Page.Shift;
        FaultData fault = e.Fault;
        bool resolves = _survey.SignalAfter(e.Index) == 0;
        if (resolves && space.Open.Count > 0) SettleConflicts(e, space);

        ThreadPlan thread = Begin(e);
        ref PageOrder.Node node = ref space.Pages[page];
        int part = space.Areas.IndexOf(address);
        if (resolves && StackAbove(space.Areas, part) is { } stack && !space.Areas[part].State.IsMapped)
        {
            // The range that changes: from the touched page to the stack as it was.
            space.Areas.Write(Page.Floor(address), stack.Start, e.Index, _collector, _ => stack.State);
        }
        else
        {
            _collector.Add(space.Areas[part].Writer);
        }

        if (IsRace(node, e)) Join(ref node, e.Index);
        else Follow(ref node, e.Index);
        node.IsPresent |= resolves;
        Finish(e.Index, thread);
    }

    /// <summary>
    /// The time stamp says when the entry was found as the code says. An open call took effect before if only then the access could succeed, or if only
    /// then the page could be absent.
    /// </summary>
    private void SettleConflicts(in TraceEvent e, SpacePlan space)
    {
        ulong address = e.Fault.Address;
        AccessKind access = AccessOf(e.Fault);
        CallShape[] others = [.. space.Open.Where(call => call.Touches(address, address + 1))];
        if (others.Length == 0) return;

        ref PageOrder.Node node = ref space.Pages[address >> Page.Shift];
        bool mustBeGone = !e.Fault.IsProtection && node.IsPresent && !IsRace(node, e);
        CallShape? remover = mustBeGone ? Array.Find(others, call => call.RemovesPages && call.Errno == Errno.None) : null;
        if (remover is not null && Permits(new AreaView(space.Areas, new[] { remover }))) CommitCall(remover, space);
        else CommitNeeded(others, space, Permits);

        bool Permits(AreaView view) => view.At(address).Permits(access);
    }

    /// <summary>Both found the entry in the same state, and the earlier one was still under way: neither order is the recorded one, so neither is imposed.</summary>
    private bool IsRace(in PageOrder.Node node, in TraceEvent e)
    {
        if (node.Last < 0) return false;
        ref readonly TraceEvent last = ref _recording[node.Last];
        return last.ThreadId != e.ThreadId && last.Fault.IsProtection == e.Fault.IsProtection
            && Math.Min(_survey.Until(node.Last), last.Time + LongestFault) > e.Time;
    }

    // A fault may be preempted, but not for longer than this; without a bound any two faults of a thread that computes would count as one race.
    private const long LongestFault = 10_000_000;

    private void Join(ref PageOrder.Node node, int fault)
    {
        if (node.Race == 0)
        {
            node.Race = _races.Count;
            _races.Add([node.Last]);
            _operations.SetRace(node.Last, node.Race);
        }

        _collector.Add(node.Before);
        _races[node.Race].Add(fault);
        _operations.SetRace(fault, node.Race);
    }

    private void Follow(ref PageOrder.Node node, int fault)
    {
        _collector.Add(node.Last);
        if (node.Race != 0)
        {
            foreach (int member in _races[node.Race]) _collector.Add(member);
        }

        node.Before = node.Last;
        node.Last = fault;
        node.Race = 0;
    }

    /// <summary>The stack that a fault in this part would grow, if there is one.</summary>
    private static AreaOrder.Part? StackAbove(AreaOrder areas, int part)
    {
        int above = part + 1;
        while (above < areas.Count && !areas[above].State.IsMapped) above++;
        return above < areas.Count && areas[above].State.Kind == AreaKind.Stack ? areas[above] : null;
    }

    internal static AccessKind AccessOf(in FaultData fault) =>
        fault.IsWrite ? AccessKind.Write : fault.IsFetch ? AccessKind.Execute : AccessKind.Read;
}
