using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Faultline.Tests.Architecture;

/// <summary>What the documents and comments point to exists.</summary>
public partial class DocumentTests
{
    [Fact]
    public void WhenADocumentLinksToAFileThenItExists()
    {
        var broken = from document in Files("*.md")
                     from Match link in Link().Matches(File.ReadAllText(document))
                     let target = link.Groups["target"].Value
                     where !target.Contains("://", StringComparison.Ordinal) && !Exists(Path.GetDirectoryName(document)!, target)
                     select $"{Path.GetRelativePath(Root(), document)}: {target}";
        Assert.Empty(broken);
    }

    [Fact]
    public void WhenADocumentIsNamedThenItExists()
    {
        var missing = from file in Files("*.md").Concat(Files("*.cs"))
                      from Match name in Name().Matches(File.ReadAllText(file))
                      where !File.Exists(Path.Combine(Root(), name.Value))
                      select $"{Path.GetRelativePath(Root(), file)}: {name.Value}";
        Assert.Empty(missing);
    }

    private static bool Exists(string folder, string target)
    {
        var file = Path.GetFullPath(Path.Combine(folder, target.Split('#')[0]));
        return File.Exists(file) || Directory.Exists(file);
    }

    private static IEnumerable<string> Files(string pattern) =>
        Directory.EnumerateFiles(Root(), pattern, SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(Root(), file).Split('/').Any(part => part is "bin" or "obj" or ".git"));

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));

    [GeneratedRegex(@"\]\((?<target>[^)#\s][^)\s]*)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\bdocs/[\w/-]+\.md")]
    private static partial Regex Name();
}
