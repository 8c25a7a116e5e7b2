using System.Globalization;
using Spectre.Console;

namespace Faultline.Cli.Bench;

/// <summary>All results of a run, as <c>--json</c> writes them and as tables.</summary>
internal sealed record BenchReport(Machine Machine, int Rounds, double Slowness, IReadOnlyList<BenchmarkResult> Benchmarks)
{
    /// <summary>The worst verdict of all limits.</summary>
    public Verdict Verdict => Benchmarks.SelectMany(b => b.Limits).Select(l => l.Verdict).DefaultIfEmpty(Verdict.Pass).Max();

    public void Write(IAnsiConsole console)
    {
        console.WriteLine(Machine.ToString());
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Rounds} rounds, variants alternated; medians. The processor took {Slowness:0.00} of the reference machine's time per instruction."));
        foreach (var benchmark in Benchmarks)
        {
            console.WriteLine();
            console.WriteLine($"{benchmark.Name}: {benchmark.Summary}");
            console.Write(Variants(benchmark));
            if (benchmark.Variants.Any(v => v.Faults is not null))
                DiagnosisText.Write(console, [.. benchmark.Variants.Where(v => v.Faults is not null).Select(v => new Diagnosis(v.Name, v.Faults!, v.Lock!))]);
            if (benchmark.Limits.Count > 0) console.Write(Limits(benchmark));
        }

        console.WriteLine();
        console.WriteLine(Totals());
    }

    private static Table Variants(BenchmarkResult benchmark)
    {
        bool hasTail = benchmark.Variants.Any(v => v.P99 is not null);
        var table = New("variant", $"median {benchmark.Unit}", "lowest");
        if (hasTail) table.AddColumn(new TableColumn("p99").RightAligned());
        foreach (var variant in benchmark.Variants)
        {
            string[] cells = [variant.Name, Number(variant.Median), Number(variant.Lowest)];
            table.AddRow(hasTail ? [.. cells, variant.P99 is { } p99 ? Number(p99) : ""] : cells);
        }

        return table;
    }

    private static Table Limits(BenchmarkResult benchmark)
    {
        var table = New("limit", "bound", "median", "95 % interval", "verdict");
        foreach (var limit in benchmark.Limits)
        {
            table.AddRow(
                limit.Text,
                limit.BoundText,
                Number(limit.Value.Median),
                $"{Number(limit.Value.Low)} to {Number(limit.Value.High)}",
                limit.Verdict switch
                {
                    Verdict.Pass => "pass",
                    Verdict.Miss => "MISS",
                    _ => "inconclusive",
                });
        }

        return table;
    }

    private string Totals()
    {
        var limits = Benchmarks.SelectMany(b => b.Limits).ToLookup(l => l.Verdict);
        return $"{limits[Verdict.Pass].Count()} pass, {limits[Verdict.Miss].Count()} miss, {limits[Verdict.Inconclusive].Count()} inconclusive";
    }

    private static Table New(string first, params string[] numbers)
    {
        var table = new Table { Border = TableBorder.Simple }.AddColumn(first);
        foreach (string column in numbers) table.AddColumn(new TableColumn(column).RightAligned());
        return table;
    }

    private static string Number(double value) => value.ToString(value < 100 ? "0.###" : "N0", CultureInfo.InvariantCulture);
}
