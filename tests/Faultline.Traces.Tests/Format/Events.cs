using System.Runtime.InteropServices;
using CsCheck;

namespace Faultline.Traces.Tests;

/// <summary>Arbitrary events within what the format holds, with texts beside them.</summary>
internal static class Events
{
    private static readonly Gen<ulong> s_wide = Gen.OneOf(Gen.ULong, Gen.ULong[0, 1 << 20], Gen.OneOf(0UL, ulong.MaxValue, 1UL << 47));
    private static readonly Gen<string> s_text = Gen.OneOf(Gen.String[Gen.Char.AlphaNumeric, 0, 8], Gen.OneOf("", "//anon", "/lib/ü é", "[stack]"));

    /// <summary>An event, and the text that its string fields name; the index is patched in when it is written.</summary>
    public static readonly Gen<(TraceEvent Event, string Text)> One =
        from kind in Gen.Enum<EventKind>()
        from process in Gen.Int[1, 5]
        from thread in Gen.Int[1, 9]
        from cpu in Gen.Int[0, 200]
        from a in s_wide
        from b in s_wide
        from c in s_wide
        from d in s_wide
        from small in Gen.Int
        from number in Gen.OneOf<SystemCall>([.. SystemCalls.All])
        from text in s_text
        select (Make(kind, process, thread, cpu, a, b, c, d, small, number), text);

    /// <summary>A recording's worth: in time order, owners before what they own.</summary>
    public static readonly Gen<(TraceEvent Event, string Text)[]> Many =
        from events in One.Array[0, 300]
        from gaps in Gen.Long[0, 1L << 40].Array[events.Length]
        select Order(events, gaps);

    /// <summary>Writes <paramref name="events"/> and returns the file.</summary>
    public static byte[] Write((TraceEvent Event, string Text)[] events, TraceTotals? totals = null)
    {
        var file = new MemoryStream();
        using var writer = new TraceWriter(file, new TraceHeader { CreatedBy = "test", Source = "générateur", CommandLine = ["a", "b c"] });
        foreach (var (original, text) in events)
        {
            var e = original;
            ref var index = ref StringOf(ref e, out var has);
            if (has) index = index < 0 ? -1 : writer.Strings.Intern(text);
            writer.Write(e);
        }
        writer.Complete(totals ?? new TraceTotals());
        return file.ToArray();
    }

    /// <summary>All of an event, for comparison: the type itself has no equality, as its arguments are an inline array.</summary>
    public static byte[] Bytes(TraceEvent e) => MemoryMarshal.AsBytes(new ReadOnlySpan<TraceEvent>(in e)).ToArray();

    /// <summary>The event's string field, if its kind has one.</summary>
    public static ref int StringOf(ref TraceEvent e, out bool has)
    {
        has = true;
        switch (e.Kind)
        {
            case EventKind.Fault: return ref e.Fault.Symbol;
            case EventKind.Mapping: return ref e.Mapping.Path;
            case EventKind.Exec: return ref e.Exec.Path;
            case EventKind.Name: return ref e.Name.Name;
            default:
                has = false;
                return ref e.Index;
        }
    }

    private static TraceEvent Make(
        EventKind kind, int process, int thread, int cpu, ulong a, ulong b, ulong c, ulong d, int small, SystemCall number)
    {
        var e = new TraceEvent { Kind = kind, ProcessId = process, ThreadId = thread, Cpu = cpu };
        var text = (small & 1) - 1; // -1 or "has one"
        switch (kind)
        {
            case EventKind.Call:
                e.Call = new CallData { Number = number, Flags = (CallFlags)(small & 3), ExitTime = (long)(a >> 2), Result = (long)b };
                for (var i = 0; i < number.ArgumentCount(); i++) e.Call.Arguments[i] = i % 2 == 0 ? c : d + (ulong)i;
                break;
            case EventKind.Fault:
                e.Fault = new FaultData { Address = a, Symbol = text, Instruction = text < 0 ? b : 0, Code = (FaultCode)(uint)small };
                break;
            case EventKind.Mapping:
                e.Mapping = new MappingData
                {
                    Start = a,
                    Length = b,
                    Offset = c,
                    Inode = d,
                    Generation = a ^ d,
                    DeviceMajor = (uint)small,
                    DeviceMinor = (uint)cpu,
                    Rights = (MappingRights)(small & 15),
                    Path = text,
                    Owner = small,
                };
                break;
            case EventKind.Exec: e.Exec = new ExecData { Path = text, Name = -1, OldThreadId = thread + 1 }; break;
            case EventKind.Fork: e.Fork = new ForkData { ChildProcessId = process + 1, ChildThreadId = thread + 1, Flags = (CloneFlags)a }; break;
            case EventKind.Exit: e.Exit.GroupDead = (small & 1) != 0; break;
            case EventKind.Signal: e.Signal = new SignalData { Number = cpu, Code = small }; break;
            case EventKind.Lost: e.Lost.Count = (long)(a >> 1); break;
            case EventKind.Name: e.Name.Name = text; break;
        }
        return e;
    }

    private static (TraceEvent, string)[] Order((TraceEvent Event, string Text)[] events, long[] gaps)
    {
        long time = 0;
        for (var i = 0; i < events.Length; i++)
        {
            ref var e = ref events[i].Event;
            e.Time = time += gaps[i];
            if (e.Kind == EventKind.Call) e.Call.ExitTime = time + (e.Call.ExitTime & long.MaxValue >> 2);
            if (e.Kind == EventKind.Mapping) e.Mapping.Owner = i == 0 || e.Mapping.Owner % 3 == 0 ? MappingData.NoOwner : (e.Mapping.Owner & int.MaxValue) % i;
        }
        return events;
    }
}
