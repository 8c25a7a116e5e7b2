using System.Buffers.Text;

namespace Faultline.Traces.Import;

/// <summary>Reads a line from left to right; every method returns false, and moves nothing, when the text is something else.</summary>
internal ref struct TextCursor(ReadOnlySpan<byte> text)
{
    /// <summary>What was not read yet.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = text;

    public bool Advance(int count)
    {
        Rest = Rest[count..];
        return true;
    }

    /// <summary>Skips blanks; there may be none.</summary>
    public bool Blanks()
    {
        Rest = Rest.TrimStart((byte)' ');
        return true;
    }

    public bool Skip(char expected) => !Rest.IsEmpty && Rest[0] == expected && Advance(1);

    public bool Skip(ReadOnlySpan<byte> expected) => Rest.StartsWith(expected) && Advance(expected.Length);

    /// <summary>Skips to behind the first <paramref name="mark"/>.</summary>
    public bool SkipPast(ReadOnlySpan<byte> mark)
    {
        var at = Rest.IndexOf(mark);
        return at >= 0 && Advance(at + mark.Length);
    }

    public bool Integer(out int value) => Utf8Parser.TryParse(Rest, out value, out var used) && Advance(used);

    public bool Long(out long value) => Utf8Parser.TryParse(Rest, out value, out var used) && Advance(used);

    public bool Decimal(out ulong value) => Utf8Parser.TryParse(Rest, out value, out var used) && Advance(used);

    /// <summary>Hexadecimal digits without a prefix.</summary>
    public bool HexDigits(out ulong value) => Utf8Parser.TryParse(Rest, out value, out var used, 'x') && Advance(used);

    /// <summary>Hexadecimal with <c>0x</c>, or the plain <c>0</c> that perf prints for it in places.</summary>
    public bool Hex(out ulong value)
    {
        var start = Rest;
        if (Skip("0x"u8))
        {
            if (HexDigits(out value)) return true;
            Rest = start;
            return false;
        }
        return Decimal(out value) && value == 0;
    }
}
