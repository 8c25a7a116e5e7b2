using System.Runtime.InteropServices;

namespace Faultline.Traces;

/// <summary>The facts of the recording machine that decide what memory calls do. Null: the host does not say.</summary>
public sealed record MachineFacts
{
    private const string StackLimitLine = "Max stack size";

    /// <summary>Kernel release.</summary>
    public string? Kernel { get; init; }

    /// <summary>Processor architecture, .NET's name.</summary>
    public string? Architecture { get; init; }

    /// <summary>Processor model.</summary>
    public string? Processor { get; init; }

    /// <summary>CPUs that could run the program.</summary>
    public int? Cpus { get; init; }

    /// <summary>Memory, bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Page size, bytes.</summary>
    public int? PageSize { get; init; }

    /// <summary>vm.max_map_count.</summary>
    public long? MaxMapCount { get; init; }

    /// <summary>vm.overcommit_memory.</summary>
    public long? OvercommitMemory { get; init; }

    /// <summary>vm.mmap_min_addr.</summary>
    public long? MinimumAddress { get; init; }

    /// <summary>kernel.randomize_va_space.</summary>
    public long? RandomizeAddresses { get; init; }

    /// <summary>/sys/kernel/mm/transparent_hugepage/enabled, the chosen word.</summary>
    public string? TransparentHugePages { get; init; }

    /// <summary>RLIMIT_STACK of the program, bytes; null when unlimited or unknown.</summary>
    public long? StackLimit { get; init; }

    /// <summary>Reads the facts of this machine.</summary>
    public static MachineFacts OfThisMachine() => new()
    {
        Kernel = Line("/proc/sys/kernel/osrelease"),
        Architecture = RuntimeInformation.OSArchitecture.ToString(),
        Processor = Field("/proc/cpuinfo", "model name"),
        Cpus = Environment.ProcessorCount,
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        PageSize = Environment.SystemPageSize,
        MaxMapCount = Number("/proc/sys/vm/max_map_count"),
        OvercommitMemory = Number("/proc/sys/vm/overcommit_memory"),
        MinimumAddress = Number("/proc/sys/vm/mmap_min_addr"),
        RandomizeAddresses = Number("/proc/sys/kernel/randomize_va_space"),
        TransparentHugePages = Line("/sys/kernel/mm/transparent_hugepage/enabled")?.Split('[', ']') is [_, var chosen, ..] ? chosen : null,
        StackLimit = Lines("/proc/self/limits").FirstOrDefault(l => l.StartsWith(StackLimitLine, StringComparison.Ordinal)) is { } line
            && long.TryParse(line[StackLimitLine.Length..].TrimStart().Split(' ')[0], out var bytes) ? bytes : null,
    };

    private static long? Number(string path) => long.TryParse(Line(path), out var value) ? value : null;

    private static string? Line(string path) => Lines(path).FirstOrDefault();

    private static string? Field(string path, string name) =>
        Lines(path).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // a fact that this host does not tell
        }
    }
}
