using System.Text;

namespace Faultline.Traces.Import;

// Calls, the mapping lines inside them, and faults.
internal sealed partial class EventAssembler
{
    private bool AddEnter(in PerfLine line, ThreadState thread)
    {
        if (!TryFindCall(line.Event["syscalls:sys_enter_".Length..], out var number)) return Ignore(line);

        CloseAll(thread, Math.Max(line.Time, _lastTime));
        var e = NewEvent(line, EventKind.Call);
        e.Call.Number = number;
        e.Call.ExitTime = e.Time;
        e.Call.Flags = CallFlags.NoExit; // until the exit comes
        var text = new TextCursor(line.Payload);
        for (var i = 0; i < number.ArgumentCount(); i++)
        {
            if (!text.SkipPast(": "u8) || !text.Hex(out e.Call.Arguments[i])) return false;
        }

        var index = _pending.Add(e, open: number.HasExit());
        if (number.HasExit()) thread.Call = index;
        return true;
    }

    private bool AddExit(in PerfLine line, ThreadState thread)
    {
        if (!TryFindCall(line.Event["syscalls:sys_exit_".Length..], out var number) || !number.HasExit()) return Ignore(line);
        if (!new TextCursor(line.Payload).Hex(out var result)) return false;

        var exit = NewEvent(line, EventKind.Call);
        CloseExec(thread);
        thread.Image = None;
        if (thread.Call != None && _pending[thread.Call].Call.Number == number)
        {
            ref var call = ref _pending[thread.Call].Call;
            call.ExitTime = exit.Time;
            call.Result = (long)result;
            call.Flags = CallFlags.None;
            _pending.Close(thread.Call);
            thread.Call = None;
            return true;
        }

        CloseCall(thread, exit.Time);
        _unmatched++;
        exit.Call.Number = number;
        exit.Call.ExitTime = exit.Time;
        exit.Call.Result = (long)result;
        exit.Call.Flags = CallFlags.NoEnter;
        _pending.Add(exit, open: false);
        return true;
    }

    // Never returned: the thread died in it, or its exit was lost.
    private void CloseCall(ThreadState thread, long time)
    {
        if (thread.Call == None) return;
        _pending[thread.Call].Call.ExitTime = time;
        _pending.Close(thread.Call);
        thread.Call = None;
        _unfinished++;
    }

    private bool AddFault(in PerfLine line)
    {
        var e = NewEvent(line, EventKind.Fault);
        var text = new TextCursor(line.Payload);
        if (!text.Skip("address="u8)) return false;
        if (!text.Hex(out e.Fault.Address))
        {
            // perf prints a symbol for an address of the kernel's own: not the program's memory.
            return text.SkipPast(" ip="u8) && Ignore(line);
        }

        if (!text.Skip(" ip="u8)) return false;
        e.Fault.Symbol = None;
        if (!text.Hex(out e.Fault.Instruction))
        {
            var end = text.Rest.IndexOf((byte)' ');
            if (end <= 0) return false;
            e.Fault.Symbol = Intern(text.Rest[..end]);
            text.Advance(end);
        }
        if (!text.Skip(" error_code="u8) || !text.Hex(out var code) || code > uint.MaxValue) return false;
        e.Fault.Code = (FaultCode)code;
        _pending.Add(e, open: false);
        return true;
    }

    private bool AddMapping(in PerfLine line, ThreadState thread)
    {
        var e = NewEvent(line, EventKind.Mapping);
        if (!PerfMapping.TryParse(line.Payload, out e.Mapping, out e.ProcessId, out e.ThreadId, out var path)) return false;
        e.Mapping.Path = Intern(path);
        e.Mapping.Owner = thread.Image != None ? thread.Image : thread.Call;
        _pending.Add(e, open: false);
        return true;
    }

    private static bool TryFindCall(ReadOnlySpan<byte> name, out SystemCall call)
    {
        call = default;
        if (name.Length > NameCapacity) return false;
        Span<char> chars = stackalloc char[NameCapacity];
        return SystemCalls.ByName.TryGetValue(chars[..Encoding.UTF8.GetChars(name, chars)], out call);
    }
}
