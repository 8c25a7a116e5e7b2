using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Faultline.Tests.Architecture;

/// <summary>What the README shows is what the repository holds.</summary>
public class ReadmeTests
{
    [Fact]
    public void TheSampleIsTheQuickstartProgram() =>
        Assert.Contains(Source("samples", "Quickstart", "Program.cs").TrimEnd(), Source("README.md"), StringComparison.Ordinal);

    [Fact]
    public void TheSamplePrintsWhatTheReadmeSays()
    {
        var start = new ProcessStartInfo("dotnet", [QuickstartAssembly()]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd().TrimEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)), "The sample does not end.");
        Assert.Equal(0, process.ExitCode);
        Assert.Contains(output, Source("README.md"), StringComparison.Ordinal);
    }

    /// <summary>The tests build the sample as one of their references.</summary>
    private static string QuickstartAssembly() => Path.Combine(AppContext.BaseDirectory, "Quickstart.dll");

    private static string Source(params string[] path) => File.ReadAllText(Path.Combine([Root(), .. path]));

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
