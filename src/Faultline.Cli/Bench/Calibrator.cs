using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Faultline.Cli.Bench;

/// <summary>A fixed chain of additions and rotations: how fast the processor is just now, whatever memory does.</summary>
/// <remarks>
/// A virtual processor whose sibling is busy runs one and a half times slower for seconds to minutes, and no counter of the guest shows it. Limits in
/// nanoseconds are therefore divided by what this loop says beside them.
/// </remarks>
internal static class Calibrator
{
    /// <summary>One iteration on the reference machine (AMD Zen 4, 3.7 GHz) while its sibling is idle.</summary>
    public const double ReferenceNanoseconds = 0.55;

    // A piece takes 35 µs: a scheduling slice of another process spoils single pieces, and the median is of those that ran through.
    private const int IterationsPerPiece = 1 << 16;
    private const int Pieces = 31;

    private static ulong s_sink;

    /// <summary>1 on the reference machine in its good state, larger on a slower one. Takes about a millisecond.</summary>
    public static double Slowness()
    {
        double[] pieces = new double[Pieces];
        foreach (ref double piece in pieces.AsSpan())
        {
            long start = Stopwatch.GetTimestamp();
            s_sink = Chain(s_sink, IterationsPerPiece);
            piece = Reading.Since(start, IterationsPerPiece).Mean;
        }

        return MedianInterval.Of(pieces).Median / ReferenceNanoseconds;
    }

    // Two dependent one-cycle instructions per iteration. Optimised at once: it runs before anything had time to tier up.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static ulong Chain(ulong value, int iterations)
    {
        for (int i = 0; i < iterations; i++) value = ulong.RotateLeft(value, 7) + 0x9e37;
        return value;
    }
}
