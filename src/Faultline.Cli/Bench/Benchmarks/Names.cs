namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Names of variants that several benchmarks have.</summary>
internal static class Names
{
    public const string Host = "host";
    public const string Classic = "classic";
    public const string Speculative = "speculative";
    public const string ShortCut = Speculative + ", short-cut";
    public const string MmapLock = "mmap_lock";
    public const string RangeLock = "ranges";
    public const string Pointer = "raw pointer";
    public const string Copy = "memcpy";

    /// <summary>Every design by the name of its variant.</summary>
    public static IReadOnlyList<(string Name, FaultDesign Design)> Designs { get; } =
        [.. Enum.GetValues<FaultDesign>().Select(design => (Of(design), design))];

    /// <summary>The name of a design's variant.</summary>
    public static string Of(FaultDesign design) => design switch
    {
        FaultDesign.Classic => Classic,
        FaultDesign.AreaSequence => Speculative,
        _ => design.ToString(),
    };
}
