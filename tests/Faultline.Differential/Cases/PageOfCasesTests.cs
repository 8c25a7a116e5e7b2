using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Faultline.Differential.Cases;

/// <summary>docs/linux-cases.md says which case is covered by which test: a table is only worth something while that is so.</summary>
public partial class PageOfCasesTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "linux-cases.md"));

    // | case | parameters | `Class.Method` or not covered: why |
    private static readonly (int Parameters, string? Test)[] s_rows =
        [.. Row().Matches(s_page).Select(row => (int.Parse(row.Groups[1].Value, CultureInfo.InvariantCulture), row.Groups[2].Success ? row.Groups[2].Value : null))];

    [Fact]
    public void WhenThePageNamesATestThenItExists()
    {
        Assert.NotEmpty(s_rows);
        Assert.All(s_rows.Select(row => row.Test).OfType<string>(), test =>
        {
            string[] names = test.Split('.');
            MethodInfo? method = Type.GetType($"Faultline.Differential.{string.Join('.', names[..^1])}")?.GetMethod(names[^1]);
            Assert.NotNull(method?.GetCustomAttribute<FactAttribute>());
        });
    }

    [Fact]
    public void WhenATestIsWrittenForACaseThenThePageNamesIt()
    {
        IEnumerable<string> tests = typeof(PageOfCasesTests).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(PageOfCasesTests).Namespace && type != typeof(PageOfCasesTests))
            .SelectMany(type => type.GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null).Select(method => $"Cases.{type.Name}.{method.Name}"));
        Assert.Empty(tests.Except(s_rows.Select(row => row.Test)));
    }

    [Fact]
    public void WhenThePageCountsItsCasesThenItCountsRight()
    {
        (int Parameters, string? Test)[] covered = [.. s_rows.Where(row => row.Test is not null)];
        Assert.Contains(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{s_rows.Length} cases, {s_rows.Sum(row => row.Parameters)} with their parameters (private or shared, rights, flags). Covered: {covered.Length}, "
                + $"{covered.Sum(row => row.Parameters)} with parameters. Not covered: {s_rows.Length - covered.Length}, each with the reason."),
            s_page);
    }

    [GeneratedRegex(@"^\| [\w.]+ \| (\d+) \| (?:`([\w.]+)`|not covered: )", RegexOptions.Multiline)]
    private static partial Regex Row();
}
