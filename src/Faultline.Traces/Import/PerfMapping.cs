namespace Faultline.Traces.Import;

/// <summary>The payload of <c>PERF_RECORD_MMAP2</c>.</summary>
/// <remarks><code>22009/22009: [0x5626d017b000(0x1000) @ 0x1000 fe:00 317791 0]: r-xp /usr/bin/java</code>
/// or with a build id in place of the file's identity: <code>22009/22009: [0x5626d017b000(0x1000) @ 0x1000 &lt;1b2c…&gt;]: r-xp /usr/bin/java</code></remarks>
internal static class PerfMapping
{
    private const int RightsLength = 4;

    public static bool TryParse(
        ReadOnlySpan<byte> payload, out MappingData mapping, out int processId, out int threadId, out ReadOnlySpan<byte> path)
    {
        mapping = default;
        threadId = 0;
        path = default;
        var text = new TextCursor(payload);
        if (!(text.Integer(out processId) && text.Skip('/') && text.Integer(out threadId) && text.Skip(": ["u8)
            && text.Hex(out mapping.Start) && text.Skip('(') && text.Hex(out mapping.Length) && text.Skip(") @ "u8)
            && text.Hex(out mapping.Offset) && text.Skip(' '))) return false;
        if (!(text.Skip('<') ? text.SkipPast(">"u8) : TryParseFile(ref text, ref mapping))) return false;
        if (!text.Skip("]: "u8) || !TryParseRights(ref text, out mapping.Rights) || !text.Skip(' ')) return false;
        path = text.Rest;
        return mapping.Start + mapping.Length >= mapping.Start;
    }

    private static bool TryParseFile(ref TextCursor text, ref MappingData mapping)
    {
        if (!(text.HexDigits(out var major) && text.Skip(':') && text.HexDigits(out var minor) && text.Skip(' ')
            && text.Decimal(out mapping.Inode) && text.Skip(' ') && text.Decimal(out mapping.Generation))) return false;
        mapping.DeviceMajor = (uint)major;
        mapping.DeviceMinor = (uint)minor;
        return major <= uint.MaxValue && minor <= uint.MaxValue;
    }

    private static bool TryParseRights(ref TextCursor text, out MappingRights rights)
    {
        rights = MappingRights.None;
        if (text.Rest.Length < RightsLength) return false;
        var letters = text.Rest[..RightsLength];
        return Letter(letters[0], 'r', MappingRights.Read, ref rights)
            && Letter(letters[1], 'w', MappingRights.Write, ref rights)
            && Letter(letters[2], 'x', MappingRights.Execute, ref rights)
            && (letters[3] == 'p' || Letter(letters[3], 's', MappingRights.Shared, ref rights))
            && text.Advance(RightsLength);
    }

    private static bool Letter(byte letter, char yes, MappingRights right, ref MappingRights rights)
    {
        if (letter == yes) rights |= right;
        return letter == yes || letter == '-';
    }
}
