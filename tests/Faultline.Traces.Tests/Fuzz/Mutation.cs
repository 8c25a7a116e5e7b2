using System.Text;

namespace Faultline.Traces.Tests.Fuzz;

/// <summary>Makes something else of what was sound.</summary>
internal static class Mutation
{
    // What numbers turn into: ends of ranges, signs, overlong, none.
    private static readonly string[] s_numbers =
    [
        "0", "-1", "1", "0x0", "0xffffffffffffffff", "0x7fffffffffffffff", "0x8000000000000000", "18446744073709551615", "18446744073709551616", "4294967296",
        "2147483648", "-2147483649", "0xfffffffffffff000", "0x1000", "0x", "", "99999999999999999999999999", "1e9", "٣",
    ];

    private static readonly string[] s_marks = [" ", ":", ".", ",", "[", "]", "(", ")", "@", "/", "=", "\n", "\r\n", "\0", "\t", "#", "PERF_RECORD_", "\ud83d\ude00"];

    /// <summary>Cuts, flips, splices, repeats and inserts bytes, a few times.</summary>
    public static byte[] OfBytes(Random random, byte[] input, byte[] other)
    {
        byte[] bytes = input;
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            int from = random.Next(bytes.Length + 1), to = random.Next(from, Math.Min(bytes.Length, from + 4096) + 1);
            bytes = random.Next(6) switch
            {
                0 => bytes[..from],
                1 => [.. bytes[..from], .. bytes[to..]],
                2 => [.. bytes[..to], .. bytes[from..]],
                3 => [.. bytes[..from], .. other[random.Next(other.Length)..]],
                4 => [.. bytes[..from], .. RandomBytes(random), .. bytes[from..]],
                _ => Flipped(random, bytes),
            };
        }

        return bytes;
    }

    /// <summary>Changes bits so that where values begin and end stays: the highest bit of a byte says whether its number goes on.</summary>
    public static byte[] OfNumbers(Random random, byte[] bytes)
    {
        byte[] changed = [.. bytes];
        if (changed.Length == 0) return changed;
        for (int i = random.Next(1, 8); i > 0; i--) changed[random.Next(changed.Length)] ^= (byte)random.Next(1, 128);
        return changed;
    }

    /// <summary>Leaves out, repeats, swaps and changes lines and numbers of a text.</summary>
    public static string OfLines(Random random, IReadOnlyList<string> lines)
    {
        var changed = lines.ToList();
        for (int i = random.Next(1, 6); i > 0 && changed.Count > 0; i--)
        {
            int at = random.Next(changed.Count), other = random.Next(changed.Count);
            switch (random.Next(6))
            {
                case 0:
                    changed.RemoveAt(at);
                    break;
                case 1:
                    changed.Insert(other, changed[at]);
                    break;
                case 2:
                    (changed[at], changed[other]) = (changed[other], changed[at]);
                    break;
                case 3:
                    string head = changed[at], tail = changed[other];
                    changed[at] = head[..random.Next(head.Length + 1)] + tail[random.Next(tail.Length + 1)..];
                    break;
                default:
                    changed[at] = OfLine(random, changed[at]);
                    break;
            }
        }

        return string.Join('\n', changed) + (random.Next(8) == 0 ? "" : "\n");
    }

    private static string OfLine(Random random, string line)
    {
        int[] digits = [.. Enumerable.Range(0, line.Length).Where(i => char.IsAsciiDigit(line[i]))];
        int at = random.Next(line.Length + 1);
        if (random.Next(3) == 0 || digits.Length == 0) return line.Insert(at, s_marks[random.Next(s_marks.Length)]);
        int start = digits[random.Next(digits.Length)], end = start;
        while (start > 0 && char.IsAsciiLetterOrDigit(line[start - 1])) start--;
        while (end < line.Length && char.IsAsciiLetterOrDigit(line[end])) end++;
        return line[..start] + s_numbers[random.Next(s_numbers.Length)] + line[end..];
    }

    /// <summary>Text of nothing in particular.</summary>
    public static byte[] RandomText(Random random) => Encoding.UTF8.GetBytes(string.Concat(
        Enumerable.Range(0, random.Next(60)).Select(_ => random.Next(3) == 0 ? s_marks[random.Next(s_marks.Length)] : s_numbers[random.Next(s_numbers.Length)])));

    private static byte[] RandomBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(64)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Flipped(Random random, byte[] bytes)
    {
        byte[] changed = [.. bytes];
        for (int i = random.Next(1, 8); i > 0 && changed.Length > 0; i--) changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
        return changed;
    }
}
