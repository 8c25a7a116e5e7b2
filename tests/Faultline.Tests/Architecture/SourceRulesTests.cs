using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Faultline.Tests.Architecture;

/// <summary>Rules about where things may stand in the engine's sources.</summary>
public partial class SourceRulesTests
{
    private static readonly string[] s_unsafeFolders = ["Physical", "Paging", "Translation"];

    [GeneratedRegex(@"\bunsafe\b")]
    private static partial Regex Unsafe();

    [GeneratedRegex(@"\b(Interlocked|Volatile|Monitor|Thread|SpinWait|SpinLock|Stopwatch)\s*\.|\bnew (Lock|Thread|Random|SemaphoreSlim|Barrier|ManualResetEventSlim)\b|\block\s*\(|\bvolatile\b")]
    private static partial Regex Atomics();

    [GeneratedRegex(@"TODO|FIXME|HACK|NotImplementedException")]
    private static partial Regex Unfinished();

    [Fact]
    public void UnsafeCodeStandsOnlyInPhysicalPagingAndTranslation() =>
        Assert.Empty(LinesOutside(s_unsafeFolders, Unsafe()));

    [Fact]
    public void AtomicsFencesAndWaitingStandOnlyInSync() =>
        Assert.Empty(LinesOutside(["Sync"], Atomics()));

    [Fact]
    public void NothingIsLeftUnfinished() =>
        Assert.Empty(LinesOutside([], Unfinished()));

    [Fact]
    public void TheEngineReferencesNothingOutsideTheBaseClassLibrary()
    {
        IEnumerable<string?> references = typeof(AddressSpace).Assembly.GetReferencedAssemblies().Select(name => name.Name);
        Assert.All(references, name => Assert.StartsWith("System.", name, StringComparison.Ordinal));
    }

    [Fact]
    public void TheRulesFindWhatTheyLookFor()
    {
        Assert.Matches(Atomics(), "Interlocked.Increment(ref x);");
        Assert.Matches(Atomics(), "lock (_gate)");
        Assert.Matches(Unsafe(), "internal unsafe struct X");
        Assert.NotEmpty(EngineFiles());
    }

    private static List<string> LinesOutside(string[] folders, Regex pattern)
    {
        var found = new List<string>();
        foreach (string file in EngineFiles())
        {
            string relative = Path.GetRelativePath(EngineRoot(), file);
            if (folders.Contains(relative.Split(Path.DirectorySeparatorChar)[0])) continue;
            string[] lines = File.ReadAllLines(file);
            for (int i = 0; i < lines.Length; i++)
            {
                if (pattern.IsMatch(WithoutComment(lines[i]))) found.Add($"{relative}:{i + 1}: {lines[i].Trim()}");
            }
        }

        return found;
    }

    private static string WithoutComment(string line)
    {
        int comment = line.IndexOf("//", StringComparison.Ordinal);
        return comment < 0 ? line : line[..comment];
    }

    private static IEnumerable<string> EngineFiles() =>
        Directory.EnumerateFiles(EngineRoot(), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static string EngineRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "src", "Faultline"));
}
