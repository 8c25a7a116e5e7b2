using System.Globalization;
using System.Text;

namespace Faultline.Differential;

/// <summary>The text that both sides write.</summary>
internal static class StateText
{
    /// <summary>Pages that <c>mincore</c> may succeed for: programs have longer lengths only where nothing can be mapped.</summary>
    public const int CorePages = 1024;

    /// <summary>Pages in one of <see cref="Runs"/> at most.</summary>
    public const int LongestRun = 2 * EndPages;

    // Of a large area both ends are looked at.
    private const int EndPages = 24;

    public static void AppendArea(StringBuilder text, Layout layout, ulong start, ulong end, string rights, ulong offset, string name, string flags) =>
        text.Append(CultureInfo.InvariantCulture, $"  {layout.Describe(start)} {layout.Describe(end)} {rights} {offset:x} {name} [{flags}]");

    /// <summary>The pages of an area that are compared: all, or both ends.</summary>
    public static IEnumerable<(ulong Start, int Pages)> Runs(ulong start, ulong end)
    {
        ulong count = (end - start) / Layout.PageSize;
        if (count <= LongestRun) return [(start, (int)count)];
        return [(start, EndPages), (end - (EndPages * Layout.PageSize), EndPages)];
    }

    /// <summary>A resident page: where it is, and each byte that is not 0.</summary>
    public static void AppendPage(StringBuilder text, Layout layout, ulong address, ReadOnlySpan<byte> contents)
    {
        text.Append(' ').Append(layout.Describe(address)).Append(':');
        for (int i = 0; i < contents.Length; i++)
        {
            int next = contents[i..].IndexOfAnyExcept((byte)0);
            if (next < 0) break;
            i += next;
            text.Append(CultureInfo.InvariantCulture, $"{i:x}={contents[i]:x2},");
        }
    }

    /// <summary>The pages of a mapped file that are in memory, from <c>mincore</c>.</summary>
    public static void AppendCached(StringBuilder text, ReadOnlySpan<byte> pages)
    {
        text.Append(" |");
        foreach (byte page in pages) text.Append((char)('0' + page));
    }

    public static string Result(Layout layout, Errno error, ulong address) =>
        error != Errno.None ? error.ToString() : address == 0 ? "ok" : layout.Describe(address);

    public static string Signal(FaultSignal signal, byte value) =>
        signal == FaultSignal.None ? value.ToString("x2", CultureInfo.InvariantCulture) : signal.ToString();

    public static string Fetch(FaultSignal signal) => signal == FaultSignal.None ? "fetched" : signal.ToString();

    public static string Residency(ReadOnlySpan<byte> pages)
    {
        var text = new StringBuilder("ok ");
        foreach (byte page in pages) text.Append((char)('0' + page));
        return text.ToString();
    }
}
