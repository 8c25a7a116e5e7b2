namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Names of variants that several benchmarks have.</summary>
internal static class Names
{
    public const string Host = "host";
    public const string Classic = "classic";
    public const string Speculative = "speculative";
    public const string Pointer = "raw pointer";
    public const string Copy = "memcpy";
}
