using System.Buffers.Text;

namespace Faultline.Traces.Import;

/// <summary>The head of one event line: <c>comm pid/tid [cpu] seconds.nanos: event: payload</c>.</summary>
internal ref struct PerfLine
{
    // perf pads the name to this; a name may hold spaces, slashes and brackets, so the ids are looked for behind it.
    private const int NameWidth = 16;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const int NanosecondDigits = 9;

    public ReadOnlySpan<byte> Name;
    public int ProcessId;
    public int ThreadId;
    public int Cpu;
    public long Time;

    /// <summary><c>syscalls:sys_enter_mmap</c>, or <c>PERF_RECORD_MMAP2</c>, or <c>PERF_RECORD_COMM exec</c>.</summary>
    public ReadOnlySpan<byte> Event;

    /// <summary>What follows the event's name, without leading blanks.</summary>
    public ReadOnlySpan<byte> Payload;

    public static bool TryParse(ReadOnlySpan<byte> line, out PerfLine parsed)
    {
        // Text that somebody re-formatted may be narrower: then look from the start.
        return TryParse(line, Math.Min(NameWidth, line.Length), out parsed) || TryParse(line, 0, out parsed);
    }

    private static bool TryParse(ReadOnlySpan<byte> line, int from, out PerfLine parsed)
    {
        for (var at = from; at < line.Length; at++)
        {
            // Every place where the ids could begin: a blank before a number (the kernel's own lines have pid -1).
            if (line[at] != ' ' || at + 1 >= line.Length || !BeginsNumber(line[at + 1])) continue;
            if (TryParseIds(line, at + 1, out parsed)) return true;
        }
        parsed = default;
        return false;
    }

    private static bool TryParseIds(ReadOnlySpan<byte> line, int at, out PerfLine parsed)
    {
        parsed = default;
        parsed.Name = line[..at].Trim((byte)' ');
        var text = new TextCursor(line[at..]);
        if (!(text.Integer(out parsed.ProcessId) && text.Skip('/') && text.Integer(out parsed.ThreadId) && text.Blanks()
            && text.Skip('[') && text.Integer(out parsed.Cpu) && text.Skip(']') && text.Blanks())) return false;
        if (!TryParseTime(ref text, out parsed.Time)) return false;
        text.Blanks();
        return TryParseEvent(text.Rest, ref parsed);
    }

    private static bool TryParseTime(ref TextCursor text, out long time)
    {
        time = 0;
        if (!text.Long(out var seconds) || !text.Skip('.')) return false;
        var digits = text.Rest.IndexOf((byte)':');
        if (digits is <= 0 or > NanosecondDigits) return false;
        if (!Utf8Parser.TryParse(text.Rest[..digits], out long fraction, out var used) || used != digits) return false;
        for (var i = digits; i < NanosecondDigits; i++) fraction *= 10;
        time = seconds * NanosecondsPerSecond + fraction;
        return text.Advance(digits) && text.Skip(':') && time >= 0;
    }

    private static bool TryParseEvent(ReadOnlySpan<byte> text, ref PerfLine parsed)
    {
        int end;
        if (text.StartsWith("PERF_RECORD_"u8))
        {
            end = text.IndexOfAny(" :("u8);
            if (end < 0) end = text.Length;
            const string Exec = " exec:";
            if (text[end..].StartsWith(" exec:"u8)) end += Exec.Length - 1;
            parsed.Event = text[..end];
            parsed.Payload = text[end..].TrimStart(": "u8);
            return true;
        }

        // A tracepoint: system:name: payload.
        var system = text.IndexOf((byte)':');
        if (system <= 0) return false;
        end = text[(system + 1)..].IndexOf((byte)':');
        if (end <= 0) return false;
        parsed.Event = text[..(system + 1 + end)];
        parsed.Payload = text[(system + 1 + end + 1)..].TrimStart((byte)' ');
        return parsed.Event.IndexOf((byte)' ') < 0;
    }

    private static bool BeginsNumber(byte b) => b is (byte)'-' or >= (byte)'0' and <= (byte)'9';
}
