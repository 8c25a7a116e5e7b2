namespace Faultline.Traces.Replay;

// Faults: they look at the areas, and change the entry of one page.
internal sealed partial class PlanBuilder
{
    private void CommitFault(in TraceEvent e, bool mayWait = true)
    {
        SpacePlan space = SpaceOf(e);
        ulong address = e.Fault.Address, page = address >> Page.Shift;
        FaultData fault = e.Fault;
        bool resolves = _survey.SignalAfter(e.Index) == 0;
        if (resolves && space.Open.Count > 0) SettleConflicts(e, space);
        int part = space.Areas.IndexOf(address);
        bool makesAnon = resolves && fault.IsWrite && space.Areas[part].State is { IsPrivate: true, Anon: 0 };
        if (makesAnon && mayWait && MergeBefore(e, space) is { } merge)
        {
            if (!_waiting.TryAdd(merge, [e.Index])) _waiting[merge].Add(e.Index);
            return;
        }

        ThreadPlan thread = Begin(e);
        ref PageOrder.Node node = ref space.Pages[page];
        part = space.Areas.IndexOf(address);
        if (resolves && StackAbove(space.Areas, part) is { } stack && !space.Areas[part].State.IsMapped)
        {
            // The range that changes: from the touched page to the stack as it was, whoever made it.
            _collector.Add(stack.Writer);
            space.Areas.Write(Page.Floor(address), stack.Start, e.Index, _collector, _ => stack.State);
        }
        else if (makesAnon && space.Areas[part].State.Anon == 0)
        {
            MakeAnon(space.Areas, part, e.Index, thread);
        }
        else
        {
            _collector.Add(space.Areas[part].Writer);
        }

        if (Repeats(node, e) is { } attempt) Repeat(ref node, attempt, e.Index);
        else if (IsRace(node, e)) Join(ref node, e.Index);
        else Follow(ref node, e.Index);
        node.IsPresent |= resolves;
        Finish(e.Index, thread);
    }

    /// <summary>
    /// The first private write in an area gives it an AnonVma, or takes over a neighbour's: it decides what may merge with the area later. So it looks at both
    /// neighbours, and writes the area.
    /// </summary>
    private void MakeAnon(AreaOrder areas, int part, int fault, ThreadPlan thread)
    {
        AreaState state = areas[part].State;
        (ulong start, ulong end) = areas.Extent(part);
        int anon = fault + 1;
        if (areas[areas.IndexOf(end)].State is var next && next.LendsAnonTo(state)) anon = next.Anon;
        else if (start > 0 && areas[areas.IndexOf(start - 1)].State is var previous && previous.LendsAnonTo(state)) anon = previous.Anon;
        areas.Read(start - Math.Min(start, Page.Size), end + Page.Size, fault, _collector, _operations, thread);
        areas.Write(start, end, fault, _collector, before => before with { Anon = anon });
    }

    /// <summary>
    /// A fault takes effect after its time stamp, perhaps only after calls whose lines come later: a line that shows areas as one which this fault's AnonVma
    /// would have kept apart. Returns the last such call, if there is one.
    /// </summary>
    private int? MergeBefore(in TraceEvent e, SpacePlan space)
    {
        long until = Math.Min(_survey.Until(e.Index), e.Time + LongestFault);
        (ulong start, ulong end) = space.Areas.Extent(space.Areas.IndexOf(e.Fault.Address));
        List<CallShape> calls = CallsUnderWay(e, space, until);
        int? last = null;
        int anon = e.Index + 1;
        AreaView without = new(space.Areas), with = without;
        foreach (CallShape call in calls.OrderBy(call => call.EffectTime))
        {
            bool canBe = call.Sees(start, end) && call.IsPossible(without);
            without = without.Then(call);
            space.Areas.Annotate(start, end, state => state with { Anon = anon });
            if (canBe && !call.IsPossible(with)) last = call.Event; // the line can come about, but not once the fault has given the range its AnonVma
            with = with.Then(call);
            space.Areas.Annotate(start, end, state => state with { Anon = 0 });
        }

        return last;
    }

    /// <summary>Calls with lines that are open at the fault or entered while it may be under way.</summary>
    private List<CallShape> CallsUnderWay(in TraceEvent e, SpacePlan space, long until)
    {
        List<CallShape> calls = [.. space.Open];
        for (int i = e.Index + 1; i < _recording.Events.Length && _recording[i].Time < until; i++)
        {
            ref readonly TraceEvent later = ref _recording[i];
            bool isShown = later.Kind == EventKind.Call && later.Space == e.Space && later.Call.IsComplete && !_recording.MappingsOf(i).IsEmpty;
            if (isShown && CallShape.Of(_recording, later, space) is { } call) calls.Add(call);
        }

        calls.RemoveAll(call => !call.HasLines || call.EffectTime >= until);
        return calls;
    }

    /// <summary>
    /// The time stamp says when the entry was found as the code says. An open call took effect before if only then the access could succeed, or if only
    /// then the page could be absent.
    /// </summary>
    private void SettleConflicts(in TraceEvent e, SpacePlan space)
    {
        ulong address = e.Fault.Address;
        AccessKind access = AccessOf(e.Fault);
        CallShape[] others = [.. space.Open.Where(call => call.Touches(address, address + 1)).Take(MostConflicts)];
        if (others.Length == 0) return;

        ref PageOrder.Node node = ref space.Pages[address >> Page.Shift];
        bool mustBeGone = !e.Fault.IsProtection && node.IsPresent && !IsRace(node, e) && Repeats(node, e) is null;
        CallShape? remover = mustBeGone ? Array.Find(others, call => call.RemovesPages && call.Errno == Errno.None) : null;
        if (remover is not null && Permits(new AreaView(space.Areas).Then(remover))) CommitCall(remover, space);
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

    /// <summary>
    /// The earlier attempt of a kernel access that is made again. The kernel first tries some accesses with page faults disabled (signal frames,
    /// <c>arch/x86/kernel/fpu/signal.c:copy_fpstate_to_sigframe()</c>; what <c>write</c> copies, <c>mm/filemap.c:generic_perform_write()</c>): such a fault is
    /// raised and recorded, but nothing serves it. The access is repeated with another fault at the same address.
    /// </summary>
    private int? Repeats(in PageOrder.Node node, in TraceEvent e)
    {
        if (node.Last < 0 || !e.Fault.IsKernel) return null;
        int last = node.Race != 0 ? _races[node.Race][^1] : node.Last;
        ref readonly TraceEvent attempt = ref _recording[last];
        return _survey.Next(last) == e.Index && attempt.Fault.Address == e.Fault.Address && attempt.Fault.Code == e.Fault.Code ? last : null;
    }

    private void Repeat(ref PageOrder.Node node, int attempt, int fault)
    {
        if (node.Race == 0) _operations.SetRepeated(attempt);
        _operations.SetRepeated(fault);
        Join(ref node, fault);
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
