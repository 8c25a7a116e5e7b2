using System.Runtime.InteropServices;

namespace Faultline.Cli.Bench;

/// <summary>Where the numbers come from. A benchmark without it says nothing.</summary>
internal sealed record Machine(string Processor, int Cores, string Kernel, string Runtime)
{
    private const string ProcessorFacts = "/proc/cpuinfo";
    private const string KernelRelease = "/proc/sys/kernel/osrelease";
    private const string ModelKey = "model name";

    /// <summary>The machine that this process runs on.</summary>
    public static Machine Current() => new(
        Model() ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        File.Exists(KernelRelease) ? $"Linux {File.ReadAllText(KernelRelease).Trim()}" : RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription);

    /// <inheritdoc/>
    public override string ToString() => $"{Processor}, {Cores} cores, {Kernel}, {Runtime}";

    private static string? Model()
    {
        if (!File.Exists(ProcessorFacts)) return null;
        string? line = File.ReadLines(ProcessorFacts).FirstOrDefault(l => l.StartsWith(ModelKey, StringComparison.Ordinal));
        return line?[(line.IndexOf(':') + 1)..].Trim();
    }
}
