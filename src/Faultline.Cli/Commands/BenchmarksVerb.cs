using System.CommandLine;
using System.IO.Enumeration;
using Faultline.Cli.Bench;

namespace Faultline.Cli.Commands;

/// <summary>A verb that lists, runs and judges benchmarks.</summary>
internal abstract class BenchmarksVerb : Verb
{
    private readonly Option<bool> _list = new("--list") { Description = "Name the benchmarks and their limits, run nothing." };
    private readonly Option<string> _filter = new("--filter")
    {
        HelpName = "PATTERN",
        Description = "List or run what matches this pattern; --list shows the names.",
        DefaultValueFactory = static _ => "*",
    };

    private readonly Option<int> _rounds = new("--rounds")
    {
        HelpName = "N",
        Description = $"Rounds of each benchmark, at least {BenchRunner.FewestRounds}; {BenchRunner.DefaultRounds} for --check.",
        DefaultValueFactory = static _ => BenchRunner.DefaultRounds,
    };

    private readonly Option<bool> _check = new("--check") { Description = "Exit with 1 if a limit is missed, with 2 if a verdict is inconclusive." };
    private readonly Option<bool> _json = JsonOption();

    protected BenchmarksVerb(CliContext context, string name, string description, params string[] examples)
        : base(context, name, description, examples)
    {
        Add(_list);
        Add(_filter);
        Add(_rounds);
        Add(_check);
        Add(_json);
    }

    /// <inheritdoc/>
    protected sealed override int Run(ParseResult parse)
    {
        var benchmarks = Filter(Select(parse), parse.GetRequiredValue(_filter));
        if (parse.GetValue(_list))
        {
            List(benchmarks, parse.GetValue(_json));
            return ExitCode.Ok;
        }

        if (!OperatingSystem.IsLinux())
            throw new CommandException(ExitCode.UnsupportedHost, "the host's own memory calls are the peer, and this is not Linux", "Run it on Linux");

        int rounds = parse.GetValue(_rounds);
        int fewest = parse.GetValue(_check) ? BenchRunner.DefaultRounds : BenchRunner.FewestRounds;
        if (rounds < fewest)
            throw new CommandException(ExitCode.Usage, $"--rounds must be at least {fewest} here, or no verdict means anything", $"See `faultline {Path} --help`");

        var report = Measure(benchmarks, rounds);
        if (parse.GetValue(_json)) Context.WriteJson(report);
        else report.Write(Context.Tables);
        if (!parse.GetValue(_check)) return ExitCode.Ok;
        return report.Verdict switch
        {
            Verdict.Pass => ExitCode.Ok,
            Verdict.Miss => ExitCode.Finding,
            _ => ExitCode.Inconclusive,
        };
    }

    /// <summary>What can be run; at least one.</summary>
    protected abstract IReadOnlyList<Benchmark> Select(ParseResult parse);

    private List<Benchmark> Filter(IReadOnlyList<Benchmark> benchmarks, string pattern)
    {
        var selected = benchmarks.Where(b => FileSystemName.MatchesSimpleExpression(pattern, b.Name)).ToList();
        return selected.Count > 0
            ? selected
            : throw new CommandException(ExitCode.Usage, $"no benchmark matches '{pattern}'", $"See `faultline {Path} --list`");
    }

    private void List(List<Benchmark> benchmarks, bool json)
    {
        if (json)
        {
            Context.WriteJson(benchmarks.Select(b => new { b.Name, b.Summary, limits = b.Limits.Select(l => new { l.Text, l.BoundText }) }));
            return;
        }

        foreach (var benchmark in benchmarks)
        {
            Context.Output.WriteLine($"{benchmark.Name}: {benchmark.Summary}");
            foreach (var limit in benchmark.Limits) Context.Output.WriteLine($"    {limit.Text} {limit.BoundText}");
        }
    }

    private BenchReport Measure(List<Benchmark> benchmarks, int rounds)
    {
        var runner = new BenchRunner(rounds, Context.Progress.Report, Context.Cancellation);
        var results = benchmarks.Select(runner.Run).ToList();
        Context.Progress.Clear();
        double slowness = MedianInterval.Of(results.SelectMany(r => r.Variants).Select(v => v.Slowness)).Median;
        return new BenchReport(Machine.Current(), rounds, slowness, results);
    }
}
