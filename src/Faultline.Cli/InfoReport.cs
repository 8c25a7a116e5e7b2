using Faultline.Traces;
using Spectre.Console;

namespace Faultline.Cli;

/// <summary>A recording's summary for people.</summary>
internal static class InfoReport
{
    private const int ShownPrograms = 12;
    private const double NanosecondsPerMicrosecond = 1e3, NanosecondsPerMillisecond = 1e6, NanosecondsPerSecond = 1e9;
    private const double BytesPerMebibyte = 1 << 20;

    /// <summary>Writes all tables.</summary>
    public static void Write(CliContext context, string file, TraceSummary summary)
    {
        var tables = context.Tables;
        tables.Write(Facts(file, summary));
        tables.Write(Programs(summary));
        tables.Write(Pairs("events", summary.Events.Select(e => (e.Key.ToString(), e.Value))));
        tables.Write(Pairs("page faults", summary.Faults.Select(f => (f.Class, f.Count))));
        tables.Write(Calls(summary));
        tables.Write(Areas(summary.Areas));
        if (summary.Totals.Ignored.Count > 0)
            tables.Write(Pairs("not kept (events of other kinds)", summary.Totals.Ignored.Select(i => (i.Key, i.Value))));
    }

    private static Table Facts(string file, TraceSummary s)
    {
        var table = New("recording").HideHeaders().AddColumns("", "");
        Row(table, "file", file);
        Row(table, "made by", $"{s.Header.CreatedBy} from {s.Header.Source}");
        if (s.Header.CommandLine.Count > 0) Row(table, "command", string.Join(' ', s.Header.CommandLine));
        if (s.Header.ExitCode is { } exit) Row(table, "exit code", exit + (s.Header.Interrupted ? " (stopped by the user)" : ""));
        if (s.Header.Machine is { } machine) Row(table, "machine", Describe(machine));
        Row(table, "duration", $"{s.DurationNanoseconds / NanosecondsPerSecond:N3} s");
        Row(table, "processes", $"{s.Processes:N0} with {s.Threads:N0} threads, at most {s.MostLiveThreads:N0} at a time, {s.Spaces:N0} address spaces");
        Row(table, "lost events", s.Totals.Lost.ToString("N0"));
        Row(table, "incomplete", $"{s.Totals.UnfinishedCalls:N0} calls without exit, {s.Totals.UnmatchedExits:N0} exits without enter, "
            + $"{s.Totals.OutOfOrder:N0} lines out of order");
        return table;
    }

    private static Table Programs(TraceSummary s)
    {
        var table = Pairs("programs", s.Programs.Take(ShownPrograms).Select(p => (p.Path, p.Execs)));
        if (s.Programs.Count > ShownPrograms) Row(table, $"and {s.Programs.Count - ShownPrograms} more", "");
        return table;
    }

    private static Table Calls(TraceSummary s)
    {
        var table = New("system calls").AddColumn("call");
        foreach (var column in (string[])["count", "failed", "unfinished", "total ms", "mean µs", "max µs"])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var c in s.Calls)
        {
            Row(table, c.Name, c.Count.ToString("N0"), c.Failed.ToString("N0"), c.Unfinished.ToString("N0"),
                (c.TotalNanoseconds / NanosecondsPerMillisecond).ToString("N3"),
                (c.MeanNanoseconds / NanosecondsPerMicrosecond).ToString("N2"),
                (c.MaxNanoseconds / NanosecondsPerMicrosecond).ToString("N2"));
        }
        return table;
    }

    private static Table Areas(AreaSummary a)
    {
        var table = New("areas").HideHeaders().AddColumn("").AddColumn(new TableColumn("").RightAligned());
        Row(table, "anonymous maps", $"{a.AnonymousMaps:N0} ({Mebibytes(a.AnonymousBytes)})");
        Row(table, "file maps", $"{a.FileMaps:N0} ({Mebibytes(a.FileBytes)})");
        Row(table, "largest map", Mebibytes(a.LargestMap));
        Row(table, "unmaps", $"{a.Unmaps:N0} ({Mebibytes(a.UnmappedBytes)})");
        Row(table, "distinct files", a.Files.ToString("N0"));
        Row(table, "mapping lines", a.MappingLines.ToString("N0"));
        Row(table, "distinct pages faulted", a.FaultedPages.ToString("N0"));
        return table;
    }

    private static Table Pairs(string title, IEnumerable<(string Name, long Count)> rows)
    {
        var table = New(title).HideHeaders().AddColumn("").AddColumn(new TableColumn("").RightAligned());
        foreach (var (name, count) in rows) Row(table, name, count.ToString("N0"));
        return table;
    }

    private static Table New(string title) => new Table { Border = TableBorder.Simple, Title = new TableTitle(title) };

    // Paths and commands may hold brackets, which Spectre would take for markup.
    private static void Row(Table table, params string[] cells) => table.AddRow([.. cells.Select(c => new Text(c))]);

    private static string Mebibytes(long bytes) => $"{bytes / BytesPerMebibyte:N1} MiB";

    private static string Describe(MachineFacts m) =>
        $"{m.Processor ?? m.Architecture}, {m.Cpus} CPUs, {(m.MemoryBytes ?? 0) / BytesPerMebibyte / 1024:N0} GiB, Linux {m.Kernel}";
}
