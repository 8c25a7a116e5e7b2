namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Where the access benchmarks look: random words of a range that the TLB covers.</summary>
/// <remarks>
/// A table, not a generator inside the loop: the four-cycle chain of a multiplication would hide what the translation costs.
/// </remarks>
internal static class Offsets
{
    /// <summary>64 pages, in bytes.</summary>
    public const int Range = 64 * Page.Size;

    // Half of a first-level cache.
    private const int Count = 4096;

    /// <summary>Multiples of 8 below <see cref="Range"/>, always the same.</summary>
    public static uint[] Random()
    {
        var random = new Random(Count);
        return [.. Enumerable.Range(0, Count).Select(_ => (uint)random.Next(Range / sizeof(long)) * sizeof(long))];
    }
}
