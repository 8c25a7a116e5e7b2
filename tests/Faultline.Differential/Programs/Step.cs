using System.Globalization;
using System.Text;

namespace Faultline.Differential.Programs;

/// <summary>What a step does.</summary>
internal enum Call
{
    Map,
    Unmap,
    Protect,
    Remap,
    Advise,
    Lock,
    Unlock,
    LockAll,
    UnlockAll,
    Limit,
    Core,
    Sync,
    Truncate,
    FileRead,
    FileWrite,
    Brk,
    Fork,
    Exit,
    Read,
    Write,
    Execute,
    Fill,
}

/// <summary>One step of a program, and its line of text: <c>map p0 at=w3 len=4 bits=3 flags=0x32</c>; what is 0 is left out.</summary>
/// <param name="Call">What is called.</param>
/// <param name="Process">Which of the processes that live calls: the first is 0, forked ones follow.</param>
/// <param name="At">The address.</param>
/// <param name="Length">The length; the old one of a remap; the value of a limit; how many pages are filled with an area each.</param>
/// <param name="NewLength">The new length of a remap.</param>
/// <param name="To">The new address of a remap.</param>
/// <param name="Bits">The rights, the advice, the value to write, 1 for a lock on fault, what is to be locked, or the number of a resource limit.</param>
/// <param name="Flags">The flags of a map, remap or msync.</param>
/// <param name="File">The file that is mapped, truncated, read or written; 0 for anonymous memory.</param>
/// <param name="Offset">The place in the file.</param>
internal sealed record Step(
    Call Call, int Process, Place At, Extent Length, Extent NewLength, Place To, int Bits, int Flags, TestFile File = TestFile.None, Extent Offset = default)
{
    public static Step Parse(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var step = new Step(Enum.Parse<Call>(words[0], ignoreCase: true), Number(words[1][1..]), default, default, default, default, 0, 0);
        foreach (string word in words.Skip(2))
        {
            string[] pair = word.Split('=');
            step = pair[0] switch
            {
                "at" => step with { At = Place.Parse(pair[1]) },
                "len" => step with { Length = Extent.Parse(pair[1]) },
                "new" => step with { NewLength = Extent.Parse(pair[1]) },
                "to" => step with { To = Place.Parse(pair[1]) },
                "bits" => step with { Bits = Number(pair[1]) },
                "flags" => step with { Flags = Number(pair[1]) },
                "file" => step with { File = (TestFile)Number(pair[1]) },
                "off" => step with { Offset = Extent.Parse(pair[1]) },
                _ => throw new FormatException($"'{word}' is not known."),
            };
        }

        return step;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Call.ToString().ToLowerInvariant()} p{Process}");
        if (At != default) text.Append(CultureInfo.InvariantCulture, $" at={At}");
        if (Length != default) text.Append(CultureInfo.InvariantCulture, $" len={Length}");
        if (NewLength != default) text.Append(CultureInfo.InvariantCulture, $" new={NewLength}");
        if (To != default) text.Append(CultureInfo.InvariantCulture, $" to={To}");
        if (Bits != 0) text.Append(CultureInfo.InvariantCulture, $" bits={Bits}");
        if (Flags != 0) text.Append(CultureInfo.InvariantCulture, $" flags=0x{Flags:x}");
        if (File != TestFile.None) text.Append(CultureInfo.InvariantCulture, $" file={(int)File}");
        if (Offset != default) text.Append(CultureInfo.InvariantCulture, $" off={Offset}");
        return text.ToString();
    }

    private static int Number(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? int.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : int.Parse(text, CultureInfo.InvariantCulture);
}
