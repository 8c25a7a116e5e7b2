using System.Runtime.InteropServices;

namespace Faultline.Traces.Replay;

/// <summary>What must be known about a recording before its order can be built: facts that lie in the future of the event that needs them.</summary>
internal sealed class Survey
{
    private const int NoEvent = -1;
    private const int SignalSegv = 11, SignalBus = 7;

    // Of each event, the next one of its thread.
    private readonly int[] _next;
    private readonly Recording _recording;
    private long _reads;

    public Survey(Recording recording)
    {
        _recording = recording;
        _next = NextOfThread(recording);
        BreakStart = new ulong[recording.SpaceCount];
        Stacks = new StackFacts[recording.SpaceCount];
        var tables = new HashSet<(int, ulong)>();
        var fileEnds = new Dictionary<(uint, uint, ulong, ulong), ulong>();
        foreach (ref readonly TraceEvent e in recording.Events)
        {
            Look(e, tables);
            if (e.Kind != EventKind.Mapping || !e.Mapping.IsFile) continue;
            ref readonly MappingData line = ref e.Mapping;
            ref ulong end = ref CollectionsMarshal.GetValueRefOrAddDefault(fileEnds, (line.DeviceMajor, line.DeviceMinor, line.Inode, line.Generation), out _);
            end = Math.Max(end, line.Offset + line.Length);
        }

        // At most: each fault needs a frame, of a file one more for the cached page; three levels of tables; and what calls fault in.
        const long TablesPerLeaf = 3;
        FrameBound += (TablesPerLeaf * tables.Count) + (2L * recording.SpaceCount);

        // And the pages around reads, which the replay brings into memory: no more than the files have.
        ulong filePages = fileEnds.Values.Aggregate(0UL, (sum, end) => sum + Math.Min(Page.Count(end), uint.MaxValue));
        FrameBound += (long)Math.Min(filePages, (ulong)_reads * WarmFiles.Pages);
    }

    /// <summary>Where each space's heap begins: the first result of <c>brk</c>; 0 without one.</summary>
    public ulong[] BreakStart { get; }

    /// <summary>The stack of each space that an exec made.</summary>
    public StackFacts[] Stacks { get; }

    /// <summary>Frames that suffice, if no page were ever given back.</summary>
    public long FrameBound { get; private set; }

    /// <summary>The next event of the event's thread; negative if there is none.</summary>
    public int Next(int index) => _next[index];

    /// <summary>The time until which the event may have been under way: its thread's next event.</summary>
    public long Until(int index) => _next[index] == NoEvent ? long.MaxValue : _recording[_next[index]].Time;

    /// <summary>The signal that the fault ended in, if the recording shows one.</summary>
    public int SignalAfter(int index)
    {
        if (_next[index] == NoEvent) return 0;
        ref readonly TraceEvent next = ref _recording[_next[index]];
        return next.Kind == EventKind.Signal && next.Signal.Number is SignalSegv or SignalBus ? next.Signal.Number : 0;
    }

    private void Look(in TraceEvent e, HashSet<(int, ulong)> tables)
    {
        switch (e.Kind)
        {
            case EventKind.Mapping when IsStack(e.Mapping):
                Stacks[e.Space] = new StackFacts(e.Mapping.Start, e.Mapping.End);
                break;
            case EventKind.Fault:
                FrameBound += 2;
                tables.Add((e.Space, e.Fault.Address >> LeafTableShift));
                if (!e.Fault.IsProtection) Stacks[e.Space].Touch(e.Fault.Address);
                if (!e.Fault.IsWrite) _reads++;
                break;
            case EventKind.Call when e.Call.IsComplete && e.Call.Errno == 0:
                LookAtCall(e);
                break;
        }
    }

    private void LookAtCall(in TraceEvent e)
    {
        ref readonly CallData call = ref e.Call;
        bool populates = call.Number switch
        {
            SystemCall.Brk when BreakStart[e.Space] == 0 => (BreakStart[e.Space] = (ulong)call.Result) == 0,
            SystemCall.Mmap => ((MapFlags)call.Arguments[3] & (MapFlags.Populate | MapFlags.Locked)) != 0,
            SystemCall.Madvise => (Advice)call.Arguments[2] is Advice.PopulateRead or Advice.PopulateWrite,
            SystemCall.Mlock or SystemCall.Mlock2 => true,
            _ => false,
        };
        if (populates) FrameBound += (long)Math.Min(Page.Count(Page.Ceiling(call.Arguments[1])), MostPagesOfACall) + 1;
    }

    private bool IsStack(in MappingData line) =>
        line.Owner != MappingData.NoOwner && _recording[line.Owner].Kind == EventKind.Exec && _recording.Strings[line.Path] == ReplayNames.Stack;

    private static int[] NextOfThread(Recording recording)
    {
        var next = new int[recording.Events.Length];
        var ofThread = new Dictionary<int, int>();
        for (int i = next.Length - 1; i >= 0; i--)
        {
            ref readonly TraceEvent e = ref recording[i];
            if (e.Kind == EventKind.Mapping)
            {
                next[i] = NoEvent;
                continue;
            }

            next[i] = ofThread.GetValueOrDefault(e.ThreadId, NoEvent);
            ofThread[e.ThreadId] = i;
        }

        return next;
    }

    // More than any machine has: a call that names more fails, whatever else the recording says, and the sum must not overflow.
    private const ulong MostPagesOfACall = uint.MaxValue;

    // One lowest-level table serves 2 MiB.
    private const int LeafTableShift = 21;
}

/// <summary>The first stack of an image.</summary>
/// <remarks>
/// <c>execve</c> writes arguments and environment to the top of the new stack through get_user_pages, which raises no fault. The program uses what is below
/// from there downwards, so the pages above the highest that it faulted in are those that exec filled.
/// </remarks>
internal struct StackFacts(ulong start, ulong end)
{
    // Stacks grow: faults below the line are the stack's too, up to the usual limit.
    private const ulong Reach = 8UL << 20;

    private ulong _highest;

    public ulong Start { get; } = start;

    public ulong End { get; } = end;

    /// <summary>The first page that exec filled; <see cref="End"/> is behind the last.</summary>
    public readonly ulong FilledFrom => _highest == 0 ? End - Page.Size : _highest + Page.Size;

    /// <summary>A fault on an absent page.</summary>
    public void Touch(ulong address)
    {
        if (address < End && End - address <= Reach) _highest = Math.Max(_highest, Page.Floor(address));
    }
}
