using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Faultline.Tests.Architecture;

/// <summary>docs/races.md has a row for each race of the catalogue, and the tests that it names exist.</summary>
public partial class RacesDocumentTests
{
    private const int Races = 50;

    [Fact]
    public void WhenARaceIsInTheCatalogueThenItHasOneRow()
    {
        var numbers = Rows().Select(row => Number().Match(row)).Where(match => match.Success)
            .Select(match => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture));
        Assert.Equal(Enumerable.Range(1, Races), numbers);
    }

    /// <summary>A race without a test says why.</summary>
    [Fact]
    public void WhenARaceHasNoTestThenTheRowSaysThatThereIsNoSuchObjectOrThatItIsNotCovered()
    {
        var silent = Rows().Where(row => !TestName().IsMatch(row)
            && !row.Contains("no such object", StringComparison.Ordinal) && !row.Contains("**Not covered", StringComparison.Ordinal));
        Assert.Empty(silent);
    }

    [Fact]
    public void WhenATestIsNamedThenItExists()
    {
        var names = Rows().SelectMany(row => TestName().Matches(row)).ToList();
        Assert.NotEmpty(names);
        var missing = from name in names
                      let files = Directory.GetFiles(Path.Combine(Root(), "tests"), $"{name.Groups["class"].Value}.cs", SearchOption.AllDirectories)
                      where !files.Any(file => File.ReadAllText(file).Contains($" {name.Groups["method"].Value}(", StringComparison.Ordinal))
                      select name.Value;
        Assert.Empty(missing);
    }

    private static IEnumerable<string> Rows() =>
        File.ReadLines(Path.Combine(Root(), "docs", "races.md")).Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.Contains("| race |", StringComparison.Ordinal)
            && !line.StartsWith("| race", StringComparison.Ordinal));

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));

    [GeneratedRegex(@"^\| (?<number>\d+) \|")]
    private static partial Regex Number();

    [GeneratedRegex(@"`(?<class>\w+)\.(?<method>When\w+)`")]
    private static partial Regex TestName();
}
