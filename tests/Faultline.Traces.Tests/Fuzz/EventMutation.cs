using Item = Faultline.Traces.Tests.Fuzz.EventCorpus.Item;

namespace Faultline.Traces.Tests.Fuzz;

/// <summary>Makes other events of recorded ones. What comes out is a sound recording of something that no kernel has done.</summary>
internal sealed class EventMutation(Random random)
{
    // Ends of ranges, and what lies beside them.
    private static readonly ulong[] s_numbers =
    [
        0, 1, 0xfff, 0x1000, 0x1001, 0x20_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 0x7fff_ffff_e000, 0x7fff_ffff_f000, 0x7fff_ffff_ffff, 0x8000_0000_0000,
        0x7fff_ffff_ffff_f000, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_8000_0000_0000, 0xffff_ffff_ffff_e000, 0xffff_ffff_ffff_f000, 0xffff_ffff_ffff_ffff,
    ];

    private static readonly int[] s_ids = [0, 1, -1, int.MaxValue, int.MinValue];

    private static readonly string[] s_texts = ["", "[stack]", "[heap]", "[vdso]", "//anon", "/dev/zero", "/dev/shm/a", "/proc/self/maps", "/", "a\0b", "/a\0b", "/" + new string('a', 5000)];

    /// <summary>Changes a few things in a copy of <paramref name="events"/>, some of them with parts of <paramref name="other"/>.</summary>
    public List<Item> Of(EventCorpus events, EventCorpus other)
    {
        List<Item> items = Copy(events.Items);
        for (int i = random.Next(1, 9); i > 0 && items.Count > 0; i--)
        {
            switch (random.Next(13))
            {
                case 0:
                    Drop(items);
                    break;
                case 1:
                    Repeat(items);
                    break;
                case 2:
                    Move(items);
                    break;
                case 3:
                    SwapThreads(items);
                    break;
                case 4:
                    Splice(items, other);
                    break;
                case 5:
                    Stretch(items);
                    break;
                case 6:
                    Adopt(items);
                    break;
                default:
                    Change(Any(items), items);
                    break;
            }
        }

        return items;
    }

    /// <summary>What the header says of the machine decides about limits.</summary>
    public TraceHeader Of(TraceHeader header) => random.Next(4) != 0 ? header : header with
    {
        Machine = new MachineFacts
        {
            MemoryBytes = Maybe(),
            MaxMapCount = Maybe(),
            OvercommitMemory = random.Next(4),
            MinimumAddress = Maybe(),
            StackLimit = Maybe(),
        },
    };

    private long? Maybe() => random.Next(3) == 0 ? null : (long)Number();

    private static List<Item> Copy(IEnumerable<Item> items)
    {
        var copies = new Dictionary<Item, Item>(ReferenceEqualityComparer.Instance);
        var all = new List<Item>();
        foreach (Item item in items)
        {
            Item copy = item.Copy();
            if (item.Owner is { } owner) copy.Owner = copies.GetValueOrDefault(owner);
            copies.Add(item, copy);
            all.Add(copy);
        }

        return all;
    }

    private Item Any(List<Item> items) => items[random.Next(items.Count)];

    private (int From, int Count) Run(List<Item> items)
    {
        int from = random.Next(items.Count);
        return (from, random.Next(1, Math.Min(items.Count - from, 1 << random.Next(8)) + 1));
    }

    private void Drop(List<Item> items)
    {
        (int from, int count) = Run(items);
        items.RemoveRange(from, count);
    }

    private void Repeat(List<Item> items)
    {
        (int from, int count) = Run(items);
        items.InsertRange(random.Next(items.Count + 1), Copy(items.GetRange(from, count)));
    }

    private void Move(List<Item> items)
    {
        (int from, int count) = Run(items);
        List<Item> moved = items.GetRange(from, count);
        items.RemoveRange(from, count);
        items.InsertRange(random.Next(items.Count + 1), moved);
    }

    /// <summary>From some event on, each of two threads does what the other one did.</summary>
    private void SwapThreads(List<Item> items)
    {
        TraceEvent one = Any(items).Event, other = Any(items).Event;
        foreach (Item item in items.Skip(random.Next(items.Count)))
        {
            ref TraceEvent e = ref item.Event;
            if (e.ThreadId == one.ThreadId) (e.ProcessId, e.ThreadId) = (other.ProcessId, other.ThreadId);
            else if (e.ThreadId == other.ThreadId) (e.ProcessId, e.ThreadId) = (one.ProcessId, one.ThreadId);
        }
    }

    /// <summary>A part of another recording, by its own threads or by one of these; at the times of this one.</summary>
    private void Splice(List<Item> items, EventCorpus other)
    {
        int from = random.Next(other.Items.Count), at = random.Next(items.Count);
        List<Item> part = Copy(other.Items.Skip(from).Take(1 << random.Next(9)));
        TraceEvent here = items[at].Event;
        long shift = here.Time - part[0].Event.Time;
        bool adopts = random.Next(2) == 0;
        foreach (Item item in part)
        {
            item.Event.Time += shift;
            if (item.Event.Kind == EventKind.Call) item.Event.Call.ExitTime += shift;
            if (adopts) (item.Event.ProcessId, item.Event.ThreadId) = (here.ProcessId, here.ThreadId);
        }

        items.InsertRange(at, part);
    }

    /// <summary>Calls that last long, and events that come all at once.</summary>
    private void Stretch(List<Item> items)
    {
        (int from, int count) = Run(items);
        long time = items[from].Event.Time, longer = 1L << random.Next(63);
        bool atOnce = random.Next(2) == 0;
        foreach (Item item in items.GetRange(from, count))
        {
            if (atOnce) item.Event.Time = time;
            else if (item.Event.Kind == EventKind.Call) item.Event.Call.ExitTime = item.Event.Time > long.MaxValue - longer ? long.MaxValue : item.Event.Time + longer;
        }
    }

    /// <summary>A mapping line of another event.</summary>
    private void Adopt(List<Item> items)
    {
        Item[] lines = [.. items.Where(item => item.Event.Kind == EventKind.Mapping)];
        if (lines.Length == 0) return;
        Item line = lines[random.Next(lines.Length)];
        int at = items.IndexOf(line);
        line.Owner = items[random.Next(Math.Max(0, at - 20), at + 1)];
    }

    private void Change(Item item, List<Item> items)
    {
        ref TraceEvent e = ref item.Event;
        switch (random.Next(12))
        {
            case 0:
                e.ThreadId = Id(items);
                return;
            case 1:
                e.ProcessId = Id(items);
                return;
            case 2:
                item.Text = random.Next(2) == 0 ? s_texts[random.Next(s_texts.Length)] : Any(items).Text;
                return;
        }

        switch (e.Kind)
        {
            case EventKind.Call:
                Change(ref e.Call, items);
                break;
            case EventKind.Fault:
                if (random.Next(3) != 0) e.Fault.Address = Address(items, e.Fault.Address);
                else e.Fault.Code ^= (FaultCode)(1u << random.Next(7));
                break;
            case EventKind.Mapping:
                Change(ref e.Mapping, items);
                break;
            case EventKind.Exec:
                e.Exec.OldThreadId = Id(items);
                break;
            case EventKind.Fork:
                if (random.Next(3) == 0) e.Fork.ChildProcessId = Id(items);
                else if (random.Next(2) == 0) e.Fork.ChildThreadId = Id(items);
                else e.Fork.Flags ^= random.Next(3) switch { 0 => CloneFlags.Vm, 1 => CloneFlags.Vfork, _ => CloneFlags.Thread };
                break;
            case EventKind.Exit:
                e.Exit.GroupDead ^= true;
                break;
            case EventKind.Signal:
                e.Signal.Number = random.Next(2) == 0 ? 11 : (int)Number();
                break;
        }
    }

    private void Change(ref CallData call, List<Item> items)
    {
        switch (random.Next(6))
        {
            case 0:
                call.Number = SystemCalls.All.ElementAt(random.Next(SystemCalls.All.Count()));
                break;
            case 1:
                call.Result = random.Next(3) switch { 0 => 0, 1 => -random.Next(1, 140), _ => (long)Address(items, (ulong)call.Result) };
                break;
            case 2:
                call.Flags ^= random.Next(2) == 0 ? CallFlags.NoExit : CallFlags.NoEnter;
                break;
            default:
                ref ulong argument = ref call.Arguments[random.Next(Math.Max(1, call.Number.ArgumentCount()))];
                argument = random.Next(3) == 0 ? argument ^ (1UL << random.Next(24)) : Address(items, argument);
                break;
        }
    }

    private void Change(ref MappingData line, List<Item> items)
    {
        switch (random.Next(6))
        {
            case 0:
                line.Start = Address(items, line.Start);
                break;
            case 1:
                line.Length = Address(items, line.Length);
                break;
            case 2:
                line.Offset = Address(items, line.Offset);
                break;
            case 3:
                line.Rights ^= (MappingRights)(1 << random.Next(4));
                break;
            case 4:
                line.Inode = Number();
                break;
            default:
                line.DeviceMajor = line.DeviceMinor = (uint)Number();
                break;
        }
    }

    private int Id(List<Item> items) => random.Next(4) switch
    {
        0 => s_ids[random.Next(s_ids.Length)],
        1 => Any(items).Event.ProcessId,
        _ => Any(items).Event.ThreadId,
    };

    /// <summary>An extreme number, one that means something to another event, or one beside what stands here.</summary>
    private ulong Address(List<Item> items, ulong here)
    {
        if (random.Next(3) == 0) return Number();
        if (random.Next(2) == 0) return here + ((ulong)(random.NextInt64(-4, 5) << random.Next(40)) & ~(random.Next(4) == 0 ? 0UL : 0xfff));
        TraceEvent other = Any(items).Event;
        return other.Kind switch
        {
            EventKind.Call => random.Next(2) == 0 ? (ulong)other.Call.Result : other.Call.Arguments[random.Next(CallArguments.Count)],
            EventKind.Fault => other.Fault.Address,
            EventKind.Mapping => random.Next(2) == 0 ? other.Mapping.Start : other.Mapping.Length,
            _ => Number(),
        };
    }

    private ulong Number() => s_numbers[random.Next(s_numbers.Length)] + (random.Next(4) == 0 ? (ulong)random.Next(-4096, 4097) : 0);
}
