using Faultline.Traces;
using Spectre.Console;

namespace Faultline.Cli;

/// <summary>A replay's report for people.</summary>
internal static class ReplayReportText
{
    private const double NanosecondsPerMicrosecond = 1e3, NanosecondsPerMillisecond = 1e6, NanosecondsPerSecond = 1e9;

    /// <summary>Writes all tables.</summary>
    public static void Write(CliContext context, string file, ReplayReport report)
    {
        var tables = context.Tables;
        tables.Write(Facts(file, report));
        tables.Write(Designs(report));
        if (report.WarmUpOperations > 0)
            tables.WriteLine($"  Warmed up by {report.WarmUpOperations:N0} operations under each design before; still each ran once: `faultline bench` compares speed.");
        DiagnosisText.WriteLocks(tables, [.. report.Designs.Select(design => new Diagnosis(NameOf(design), design.Faults, design.Lock))]);
        tables.Write(Agreement(report));
        foreach (var design in report.Designs)
        {
            foreach (var agreement in design.Agreement.Where(a => a.Disagreements.Count > 0)) WriteDisagreements(tables, design, agreement);
        }

        if (report.NotReplayed.Count > 0) tables.Write(Pairs("not replayed", report.NotReplayed.Select(n => (n.Key, n.Value.ToString("N0")))));
    }

    private static Table Facts(string file, ReplayReport r) => Pairs("replay",
    [
        ("file", file),
        ("operations", $"{r.Operations:N0} of {r.Threads:N0} threads in {r.Spaces:N0} address spaces"),
        ("order", $"{r.Orders:N0} orders between threads, found in {r.PlanNanoseconds / NanosecondsPerMillisecond:N0} ms"),
        ("lost events", r.IsAgreementClaimed ? "0" : $"{r.LostEvents:N0}: agreement is not claimed"),
    ]);

    private static Table Designs(ReplayReport report)
    {
        var table = New("designs").AddColumn("");
        foreach (var design in report.Designs) table.AddColumn(new TableColumn(DiagnosisText.Head(NameOf(design))).RightAligned());
        Add("wall time, ms", d => (d.WallNanoseconds / NanosecondsPerMillisecond).ToString("N1"));
        foreach (var (name, value) in DiagnosisText.FaultRows(report.Designs.Select(d => d.Faults))) Add(name, d => value(d.Faults));
        Add("latency p50, µs", d => Microseconds(d.Latency.P50));
        Add("latency p99, µs", d => Microseconds(d.Latency.P99));
        Add("latency max, µs", d => Microseconds(d.Latency.Max));
        Add("waits for locks", d => d.Lock.Waits.ToString("N0"));
        Add("  time waited, ms", d => (d.Lock.WaitedNanoseconds / NanosecondsPerMillisecond).ToString("N2"));
        Add("frames not given back", d => d.FramesLost.ToString("N0"));
        return table;

        void Add(string name, Func<DesignReport, string> value) => Row(table, [name, .. report.Designs.Select(value)]);
    }

    private static Table Agreement(ReplayReport report)
    {
        var table = New("agreement with Linux").AddColumn("design").AddColumn("of");
        foreach (var column in (string[])["compared", "agreed", "raced", "repeated", "%"]) table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var design in report.Designs)
        {
            foreach (var a in design.Agreement)
            {
                Row(table, NameOf(design), a.Kind.ToString(), a.Compared.ToString("N0"), a.Agreed.ToString("N0"), a.Raced.ToString("N0"),
                    a.Repeated.ToString("N0"), a.Compared == 0 ? "–" : a.Percent.ToString("0.000"));
            }
        }
        return table;
    }

    // A list, not a table: calls and places side by side would need 200 columns.
    private static void WriteDisagreements(IAnsiConsole console, DesignReport design, AgreementReport agreement)
    {
        console.WriteLine();
        console.WriteLine($"{NameOf(design)}, {agreement.Kind}: {agreement.Compared - agreement.Agreed:N0} of {agreement.Compared:N0} disagree");
        foreach (var c in agreement.Disagreements)
        {
            console.WriteLine();
            Indented(console, 2, $"{c.Count:N0} × {c.Name}");
            if (c.Explanation is not null) Indented(console, 4, $"({c.Explanation})");
            foreach (var e in c.Examples)
            {
                Indented(console, 4, $"event {e.Event}, {e.Time / NanosecondsPerSecond:0.000000000} s, thread {e.ThreadId}");
                Indented(console, 6, $"Linux: {e.Linux}");
                Indented(console, 6, $"here:  {e.Here}");
            }
        }
    }

    private static void Indented(IAnsiConsole console, int columns, string text) =>
        console.Write(new Padder(new Text(text), new Padding(columns, 0, 0, 0)));

    private static string NameOf(DesignReport design)
    {
        var pair = new DesignPair(design.Design, design.WriterLock);
        return design.ShortCut ? $"{pair}, short-cut" : pair.ToString();
    }

    private static string Microseconds(long nanoseconds) => (nanoseconds / NanosecondsPerMicrosecond).ToString("N2");

    private static Table Pairs(string title, IEnumerable<(string Name, string Value)> rows)
    {
        var table = New(title).HideHeaders().AddColumn("").AddColumn("");
        foreach (var (name, value) in rows) Row(table, name, value);
        return table;
    }

    private static Table New(string title) => new Table { Border = TableBorder.Simple, Title = new TableTitle(title) };

    // Paths may hold brackets, which Spectre would take for markup.
    private static void Row(Table table, params string[] cells) => table.AddRow([.. cells.Select(c => new Text(c))]);
}
