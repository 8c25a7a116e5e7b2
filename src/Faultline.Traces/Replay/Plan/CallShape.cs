namespace Faultline.Traces.Replay;

/// <summary>Which addresses a recorded call changes and shows, what it makes of them, and when its recorded result is possible.</summary>
internal sealed class CallShape
{
    private readonly Func<AreaView, IEnumerable<AreaChange>> _changes;

    private CallShape(in TraceEvent e, int thread, Func<AreaView, IEnumerable<AreaChange>> changes)
    {
        Event = e.Index;
        Number = e.Call.Number;
        Errno = (Errno)e.Call.Errno;
        EffectTime = e.Call.ExitTime;
        Thread = thread;
        _changes = changes;
    }

    /// <summary>Index of the call's event.</summary>
    public int Event { get; }

    /// <summary>The thread's recorded id.</summary>
    public int Thread { get; }

    public SystemCall Number { get; }

    public Errno Errno { get; }

    /// <summary>
    /// When it took effect at the latest: at its exit, or when Linux reported its mapping line, which it does while it holds the lock for the change.
    /// </summary>
    public long EffectTime { get; private set; }

    /// <summary>The effect time is exact.</summary>
    public bool HasLines => SeenEnd != 0;

    /// <summary>The range that it changes; empty if it changes none.</summary>
    public ulong Start { get; private init; }

    public ulong End { get; private init; }

    /// <summary>The target of an mremap, if it is another range.</summary>
    public ulong TargetStart { get; private init; }

    public ulong TargetEnd { get; private init; }

    /// <summary>What its mapping lines show, and a page on both sides, which decide where the lines end.</summary>
    public ulong SeenStart { get; private set; }

    public ulong SeenEnd { get; private set; }

    /// <summary>The pages of the range go.</summary>
    public bool RemovesPages { get; private init; }

    /// <summary>The result says that nothing was there: an unhinted map.</summary>
    public bool NeedsFree { get; private init; }

    /// <summary>Success says that all of the range was mapped, ENOMEM that it was not.</summary>
    public bool NeedsMapped { get; private init; }

    // The only mapping line; none or several: empty.
    private ulong _lineStart, _lineEnd;

    /// <summary>What it makes of the states, in the situation given. Nothing if it failed.</summary>
    public IEnumerable<AreaChange> Changes(AreaView before) => Errno == Errno.None ? _changes(before) : [];

    public bool Overlaps(CallShape other) =>
        Meets(Start, End, other) || Meets(TargetStart, TargetEnd, other) || Meets(SeenStart, SeenEnd, other) || Meets(other.SeenStart, other.SeenEnd, this);

    public bool Touches(ulong start, ulong end) => (Start < end && start < End) || (TargetStart < end && start < TargetEnd);

    /// <summary>Its line may show the range or what touches it.</summary>
    public bool Sees(ulong start, ulong end) => SeenStart < end && start < SeenEnd;

    private static bool Meets(ulong start, ulong end, CallShape other) => start < end && other.Touches(start, end);

    /// <summary>The recorded result and the recorded line could come about.</summary>
    public bool IsPossible(AreaView now)
    {
        if (Errno != Errno.None)
        {
            if (NeedsFree && Errno == Errno.EEXIST) return !now.IsFree(Start, End);
            return !NeedsMapped || Errno != Errno.ENOMEM || !now.IsMapped(Start, End);
        }

        if (NeedsFree && !now.IsFree(Start, End)) return false;
        if (NeedsMapped && !now.IsMapped(Start, End)) return false;
        if (_lineStart == _lineEnd) return true;

        AreaView after = now.Then(this);
        AreaState own = after.At(Math.Max(Start, _lineStart));
        foreach (AreaView.Piece piece in after.Pieces(_lineStart, _lineEnd))
        {
            if (!own.MergesWith(piece.State)) return false;
            own = own with { Anon = own.Anon | piece.State.Anon }; // one of them is 0, or they are equal
        }

        return (_lineStart == 0 || !own.MergesWith(after.At(_lineStart - 1))) && !own.MergesWith(after.At(_lineEnd));
    }

    /// <summary>
    /// After the call took effect: what its line shows as one area has one AnonVma. The parts that had none get it by this call, so it is their writer: a
    /// first fault there that came before would have made another one, and no single area.
    /// </summary>
    public void ShareAnon(AreaOrder areas, Collector collector)
    {
        var bare = new List<(ulong Start, ulong End)>();
        int anon = 0;
        for (int i = areas.IndexOf(_lineStart); _lineStart != _lineEnd && i < areas.Count && areas[i].Start < _lineEnd; i++)
        {
            anon = Math.Max(anon, areas[i].State.Anon);
            if (areas[i].State is { IsPrivate: true, Anon: 0 }) bare.Add((Math.Max(_lineStart, areas[i].Start), Math.Min(_lineEnd, areas.EndOf(i))));
        }

        if (anon == 0) return;
        foreach ((ulong start, ulong end) in bare) areas.Write(start, end, Event, collector, state => state with { Anon = anon });
    }

    /// <summary>The shape of a call that replay performs; null for one that it cannot, or that takes no addresses.</summary>
    public static CallShape? Of(Recording recording, in TraceEvent e, SpacePlan space)
    {
        ref readonly CallData call = ref e.Call;
        ulong address = call.Arguments[0], length = Page.Ceiling(call.Arguments[1]);
        int thread = e.ThreadId;
        CallShape? shape = call.Number switch
        {
            SystemCall.Mmap => Mmap(recording, e, length),
            SystemCall.Munmap => new CallShape(e, thread, _ => [AreaChange.Set(address, address + length, default)])
            {
                Start = address,
                End = Top(address, length),
                RemovesPages = true,
            },
            SystemCall.Mprotect or SystemCall.PkeyMprotect => Mprotect(e, address, length),
            SystemCall.Madvise => new CallShape(e, thread, _ => [AreaChange.None(address, Top(address, length))])
            {
                Start = address,
                End = Top(address, length),
                NeedsMapped = true,
                RemovesPages = (Advice)call.Arguments[2] is Advice.DontNeed or Advice.DontNeedLocked,
            },
            SystemCall.Mlock or SystemCall.Mlock2 or SystemCall.Munlock or SystemCall.Mincore =>
                InPlace(e, Page.Floor(address), Page.Ceiling(address + call.Arguments[1])),
            SystemCall.Msync => InPlace(e, address, Top(address, length)),
            SystemCall.Mlockall or SystemCall.Munlockall => InPlace(e, 0, ulong.MaxValue),
            SystemCall.Mremap => Mremap(e, address, length, Page.Ceiling(call.Arguments[2])),
            SystemCall.Brk => Brk(e, space.Break),
            SystemCall.Shmat => Shmat(recording, e),
            SystemCall.Shmdt => Shmdt(e, space.Areas),
            _ => null,
        };
        shape?.See(recording);
        return shape;
    }

    private static CallShape InPlace(in TraceEvent e, ulong start, ulong end) =>
        new(e, e.ThreadId, _ => [AreaChange.None(start, end)]) { Start = start, End = end, NeedsMapped = e.Call.Number is not (SystemCall.Mlockall or SystemCall.Munlockall) };

    private static CallShape Mmap(Recording recording, in TraceEvent e, ulong length)
    {
        var flags = (MapFlags)e.Call.Arguments[3];
        bool isFixed = (flags & MapFlags.Fixed) != 0, failed = e.Call.Errno != 0;
        bool isExact = (flags & (MapFlags.Fixed | MapFlags.FixedNoReplace)) != 0;
        ulong start = failed ? (isExact ? e.Call.Arguments[0] : 0) : (ulong)e.Call.Result;
        ulong end = failed && !isExact ? 0 : Top(start, length);
        AreaState state = StateOf(recording, e, start, flags);
        return new CallShape(e, e.ThreadId, _ => [AreaChange.Set(start, end, state)])
        {
            Start = start,
            End = end,
            NeedsFree = !isFixed,
            RemovesPages = true,
        };
    }

    private static AreaState StateOf(Recording recording, in TraceEvent e, ulong start, MapFlags flags)
    {
        var rights = (Protection)e.Call.Arguments[2];
        if ((flags & MapFlags.Anonymous) != 0 && (flags & MapFlags.Private) != 0)
        {
            const MapFlags StopMerging = MapFlags.NoReserve | MapFlags.Stack | MapFlags.Locked | MapFlags.GrowsDown;
            return new AreaState((flags & MapFlags.GrowsDown) != 0 ? AreaKind.Stack : AreaKind.Anonymous, rights, (ulong)(flags & StopMerging));
        }

        // The same file at the same distance from its offset continues; another object has another number.
        ReadOnlySpan<int> lines = recording.MappingsOf(e.Index);
        ulong inode = lines.Length > 0 ? recording[lines[0]].Mapping.Inode : (ulong)e.Index;
        AreaKind kind = (flags & MapFlags.Shared) != 0 ? AreaKind.Shared : AreaKind.File;
        return new AreaState(kind, rights, (inode << Page.Shift) ^ (start - e.Call.Arguments[5]));
    }

    private static CallShape Mprotect(in TraceEvent e, ulong address, ulong length)
    {
        ulong end = Top(address, length);
        var rights = (Protection)e.Call.Arguments[2];
        return new CallShape(e, e.ThreadId, _ => [new AreaChange(address, end, state => state.IsMapped ? state with { Rights = rights } : state)])
        {
            Start = address,
            End = end,
            NeedsMapped = true,
        };
    }

    private static CallShape Mremap(in TraceEvent e, ulong address, ulong oldLength, ulong newLength)
    {
        bool failed = e.Call.Errno != 0;
        ulong target = failed ? address : (ulong)e.Call.Result;
        bool moves = target != address;
        bool keepsOld = ((RemapFlags)e.Call.Arguments[3] & RemapFlags.DontUnmap) != 0 || oldLength == 0;
        ulong end = Top(address, moves ? oldLength : Math.Max(oldLength, newLength));
        return new CallShape(e, e.ThreadId, Changes)
        {
            Start = address,
            End = end,
            TargetStart = moves ? target : 0,
            TargetEnd = moves ? Top(target, newLength) : 0,
        };

        IEnumerable<AreaChange> Changes(AreaView before)
        {
            AreaState state = before.At(address);
            if (moves && !keepsOld) yield return AreaChange.Set(address, end, default);
            else if (!moves && newLength < oldLength) yield return AreaChange.Set(address + newLength, end, default);
            yield return AreaChange.Set(target, Top(target, newLength), state);
        }
    }

    private static CallShape Brk(in TraceEvent e, ulong currentBreak)
    {
        ulong now = Page.Ceiling((ulong)e.Call.Result);
        ulong before = currentBreak == 0 ? now : Page.Ceiling(currentBreak); // the first call asks where the heap begins
        AreaState heap = now > before ? new AreaState(AreaKind.Anonymous, Protection.ReadWrite, 0) : default;
        return new CallShape(e, e.ThreadId, _ => [AreaChange.Set(Math.Min(now, before), Math.Max(now, before), heap)])
        {
            Start = Math.Min(now, before),
            End = Math.Max(now, before),
            RemovesPages = true,
        };
    }

    private static CallShape? Shmat(Recording recording, in TraceEvent e)
    {
        ReadOnlySpan<int> lines = recording.MappingsOf(e.Index);
        if (lines.Length != 1) return null;
        MappingData line = recording[lines[0]].Mapping;
        var state = new AreaState(AreaKind.Shared, (Protection)(line.Rights & ~MappingRights.Shared), line.Inode << Page.Shift);
        return new CallShape(e, e.ThreadId, _ => [AreaChange.Set(line.Start, line.End, state)])
        {
            Start = line.Start,
            End = line.End,
            NeedsFree = true,
            RemovesPages = true,
        };
    }

    private static CallShape Shmdt(in TraceEvent e, AreaOrder areas)
    {
        (ulong start, ulong end) = areas.Extent(areas.IndexOf(e.Call.Arguments[0]));
        return new CallShape(e, e.ThreadId, _ => [AreaChange.Set(start, end, default)]) { Start = start, End = end, RemovesPages = true };
    }

    private void See(Recording recording)
    {
        ReadOnlySpan<int> lines = recording.MappingsOf(Event);
        if (lines.Length == 0) return;
        ulong start = ulong.MaxValue, end = 0;
        foreach (int line in lines)
        {
            start = Math.Min(start, recording[line].Mapping.Start);
            end = Math.Max(end, recording[line].Mapping.End);
            if (Errno == Errno.None) EffectTime = Math.Min(EffectTime, recording[line].Time);
        }

        if (lines.Length == 1) (_lineStart, _lineEnd) = (start, end);
        SeenStart = start >= Page.Size ? start - Page.Size : 0;
        SeenEnd = Top(end, Page.Size);
    }

    private static ulong Top(ulong start, ulong length) => start + length < start ? ulong.MaxValue : start + length;
}
