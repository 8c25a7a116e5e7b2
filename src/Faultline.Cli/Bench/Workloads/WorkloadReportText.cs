using System.Globalization;
using Faultline.Workloads;
using Spectre.Console;

namespace Faultline.Cli.Bench.Workloads;

/// <summary>A workload's runs for people.</summary>
internal static class WorkloadReportText
{
    private const double NanosecondsPerMicrosecond = 1e3;

    public static void Write(IAnsiConsole console, WorkloadReport report)
    {
        console.WriteLine($"{report.Workload}: {report.Summary}");
        console.WriteLine(report.Machine.ToString());
        string length = report.SampleSeconds is { } seconds ? $"{seconds:0.###} s" : $"{report.SampleCount:N0} {report.Operations} of each thread";
        console.WriteLine($"{report.Samples} samples of {length}, subjects alternated, contents verified; latencies in µs, of one {report.Timed}");
        if (report.NotOnHost is { } reason) console.WriteLine($"Not on the host: {reason}.");
        foreach (var run in report.Runs)
        {
            console.WriteLine();
            console.Write(Throughput(report, run));
            DiagnosisText.Write(console, [.. run.Subjects.Where(s => s.Faults is not null).Select(s => new Diagnosis(s.Name, s.Faults!, s.Lock!))]);
        }

        if (report.Published.Count > 0) console.Write(Published(report.Published));
    }

    private static Table Throughput(WorkloadReport report, ThreadsReport run)
    {
        var table = new Table { Border = TableBorder.Simple }.AddColumn(run.Threads == 1 ? "1 thread" : $"{run.Threads} threads");
        foreach (string column in (string[])[$"{report.Operations}/s", "lowest", "highest", "to Classic", "p50", "p90", "p99", "p99.9", "max"])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var s in run.Subjects)
        {
            var l = s.Latency;
            table.AddRow([
                s.Name, Number(s.PerSecond.Median), Number(s.Lowest), Number(s.Highest), Ratio(s.ToClassic),
                .. new[] { l.P50, l.P90, l.P99, l.P999, l.Max }.Select(ns => Number(ns / NanosecondsPerMicrosecond)),
            ]);
        }

        return table;
    }

    private static Table Published(IEnumerable<PublishedRatio> ratios)
    {
        var table = new Table { Border = TableBorder.Simple, Title = new TableTitle("published: with speculation over without, above 1 is better") }
            .AddColumn("series").AddColumn("machine").AddColumn("what").AddColumn(new TableColumn("ratio").RightAligned());
        foreach (var r in ratios) table.AddRow(r.Series, r.Machine, r.What, r.Ratio.ToString("0.000", CultureInfo.InvariantCulture));
        return table;
    }

    // Too few samples have no interval.
    private static string Ratio(MedianInterval ratio) => double.IsFinite(ratio.Low)
        ? string.Create(CultureInfo.InvariantCulture, $"{ratio.Median:0.000} ({ratio.Low:0.00} to {ratio.High:0.00})")
        : ratio.Median.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString(value < 100 ? "0.###" : "N0", CultureInfo.InvariantCulture);
}
