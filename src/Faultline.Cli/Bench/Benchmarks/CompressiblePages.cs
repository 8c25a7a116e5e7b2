using System.Runtime.InteropServices;
using K4os.Compression.LZ4;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>
/// Pages as heaps hold them: pointers into one region, small numbers, words that came shortly before, zeroes. What swap devices of programs report is a ratio of 2 to 3.
/// </summary>
internal static class CompressiblePages
{
    private const int Seed = 20190430;
    private const int Recent = 32;
    private const double LeastRatio = 2.0, MostRatio = 3.0;

    /// <summary>The same ones each time, no two alike.</summary>
    public static byte[][] Create(int count)
    {
        var random = new Random(Seed);
        byte[][] pages = new byte[count][];
        ulong[] words = new ulong[Page.Size / sizeof(ulong)];
        for (int page = 0; page < count; page++)
        {
            for (int i = 0; i < words.Length; i++)
            {
                words[i] = random.Next(20) switch
                {
                    < 5 => 0x7f3a_0000_0000UL | ((ulong)random.Next(1 << 21) << 4),
                    < 9 => (ulong)random.Next(1 << 12),
                    < 12 => 0,
                    _ => words[Math.Max(0, i - 1 - random.Next(Recent))],
                };
            }

            pages[page] = MemoryMarshal.AsBytes(words.AsSpan()).ToArray();
        }

        return pages;
    }

    public static byte[] Encode(byte[] page)
    {
        byte[] buffer = new byte[LZ4Codec.MaximumOutputSize(page.Length)];
        return buffer[..LZ4Codec.Encode(page, buffer)];
    }

    /// <summary>Contents that shrink more would flatter, and less would be no case for compression.</summary>
    public static void AssertRealistic(byte[][] encoded)
    {
        double ratio = (double)encoded.Length * Page.Size / encoded.Sum(page => (long)page.Length);
        if (ratio is < LeastRatio or > MostRatio) throw new InvalidOperationException($"The pages shrink by {ratio:0.00}.");
    }
}
