using System.Globalization;

namespace Faultline.Differential.Programs;

/// <summary>The addresses that programs speak of. Named by region, so that a program means the same on a host that lays processes out in another way.</summary>
internal enum Region
{
    /// <summary>Address 0: no hint.</summary>
    Null,

    /// <summary>A window with nothing near it.</summary>
    Window,

    /// <summary>Counted from where the first map without a hint ends: pages are negative.</summary>
    Top,

    /// <summary>Counted from the start of the heap.</summary>
    Heap,

    /// <summary>Counted from where <see cref="MapFlags.Low32Bit"/> begins to look.</summary>
    Low,
}

/// <summary>An address: <c>w3</c> is the window's page 3, <c>t-2+100</c> byte 100 of the second page below the top.</summary>
internal readonly record struct Place(Region Region, int Page, int Byte)
{
    private const string Letters = "0wthl";

    public static Place Parse(string text)
    {
        int plus = text.IndexOf('+', StringComparison.Ordinal);
        int bytes = plus < 0 ? 0 : int.Parse(text.AsSpan(plus + 1), CultureInfo.InvariantCulture);
        ReadOnlySpan<char> page = text.AsSpan(1, (plus < 0 ? text.Length : plus) - 1);
        int region = Letters.IndexOf(text[0], StringComparison.Ordinal);
        if (region < 0) throw new FormatException($"'{text}' names no region: one of {Letters} is expected.");
        return new Place((Region)region, page.IsEmpty ? 0 : int.Parse(page, CultureInfo.InvariantCulture), bytes);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Letters[(int)Region]}{(Region == Region.Null ? "" : Page)}{(Byte == 0 ? "" : $"+{Byte}")}");
}

/// <summary>A length: <c>3</c> pages, or <c>3+100</c>: 100 bytes more.</summary>
internal readonly record struct Extent(ulong Pages, int Byte)
{
    public ulong Bytes => (Pages << 12) + (ulong)Byte;

    public static Extent Parse(string text)
    {
        string[] parts = text.Split('+');
        return new Extent(
            ulong.Parse(parts[0], CultureInfo.InvariantCulture), parts.Length == 1 ? 0 : int.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Pages}{(Byte == 0 ? "" : $"+{Byte}")}");
}
