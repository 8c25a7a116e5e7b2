using System.Globalization;

namespace Faultline.Differential.Host;

/// <summary>An area as <c>/proc/PID/smaps</c> shows it.</summary>
internal sealed record HostArea(ulong Start, ulong End, string Rights, ulong Offset, string Name, bool HasFile, string Flags)
{
    private const string FlagsHead = "VmFlags: ";

    // Soft-dirty is a flag of each new area on kernels built with it.
    private const string SoftDirty = " sd";

    public static IEnumerable<HostArea> Parse(string text)
    {
        HostArea? area = null;
        foreach (ReadOnlyMemory<char> chunk in Lines(text))
        {
            ReadOnlySpan<char> line = chunk.Span;
            if (line.StartsWith(FlagsHead, StringComparison.Ordinal))
            {
                yield return area! with { Flags = line[FlagsHead.Length..].ToString().Replace(SoftDirty, "", StringComparison.Ordinal).TrimEnd() };
            }
            else if (char.IsAsciiHexDigitLower(line[0]))
            {
                area = ParseHead(line);
            }
        }
    }

    private static HostArea ParseHead(ReadOnlySpan<char> line)
    {
        // 7f..-7f.. rw-p 00000000 00:00 0    [heap]
        int dash = line.IndexOf('-');
        int space = line.IndexOf(' ');
        ReadOnlySpan<char> rest = line[(space + 6)..];
        int name = line.IndexOfAny('[', '/');
        return new HostArea(
            Hex(line[..dash]),
            Hex(line[(dash + 1)..space]),
            line[(space + 1)..(space + 5)].ToString(),
            Hex(rest[..rest.IndexOf(' ')]),
            name >= 0 && line[name] == '[' ? line[name..].ToString() : "",
            name >= 0 && line[name] == '/',
            "");
    }

    private static IEnumerable<ReadOnlyMemory<char>> Lines(string text)
    {
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf('\n', start);
            yield return text.AsMemory(start, end - start);
            start = end + 1;
        }
    }

    private static ulong Hex(ReadOnlySpan<char> text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
