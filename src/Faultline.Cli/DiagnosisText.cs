using System.Globalization;
using Faultline.Traces;
using Spectre.Console;

namespace Faultline.Cli;

/// <summary>What became of one design's faults, and who waited for whom.</summary>
internal sealed record Diagnosis(string Name, FaultReport Faults, LockReport Lock);

/// <summary>The diagnosis of several designs for people: the same tables in <c>replay</c> and <c>bench</c>.</summary>
internal static class DiagnosisText
{
    private const double NanosecondsPerMicrosecond = 1e3, NanosecondsPerMillisecond = 1e6;
    private const int ShownBlame = 6;

    // More do not fit into 120 columns.
    private const int DesignsBesideEachOther = 4;

    /// <summary>Faults and why speculation failed, one column for each design; then the locks.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<Diagnosis> designs)
    {
        foreach (var some in designs.Chunk(DesignsBesideEachOther)) console.Write(Faults(some));
        WriteLocks(console, designs);
    }

    /// <summary>Holds and waits by kind of call, and who waited behind whom, if anybody did.</summary>
    public static void WriteLocks(IAnsiConsole console, IReadOnlyList<Diagnosis> designs)
    {
        if (designs.Any(design => design.Lock.Calls.Count > 0)) console.Write(Calls(designs));
        if (designs.Any(design => design.Lock.Behind.Count > 0)) console.Write(Blame(designs));
        foreach (var design in designs)
        {
            long refined = design.Lock.RefinedProtects, protects = refined + design.Lock.WidenedProtects;
            if (protects != 0) console.WriteLine($"  {Short(design.Name)}: {Number(refined)} of {Number(protects)} mprotects locked their own pages only");
        }
    }

    /// <summary>A design's name as the head of a narrow column: seven fit beside each other.</summary>
    public static string Head(string name) => Short(name).Replace(", ", "\n", StringComparison.Ordinal);

    /// <summary>The rows that say what became of the faults.</summary>
    public static IEnumerable<(string Name, Func<FaultReport, string> Value)> FaultRows(IEnumerable<FaultReport> all)
    {
        yield return ("faults", f => Number(f.Resolved));
        yield return ("speculative share", f => f.SpeculativeShare.ToString("P2", CultureInfo.InvariantCulture));
        yield return ("restarts", f => Number(f.Restarts));
        yield return ("fallbacks", f => Number(f.Fallbacks));
        foreach (var reason in all.SelectMany(f => f.Aborts.Keys).Distinct().Order())
            yield return ($"  {reason}", f => Number(f.Aborts.GetValueOrDefault(reason)));
        yield return ("  time in vain, ms", f => f.FailedNanoseconds is { } time ? Milliseconds(time) : "not timed");
        yield return ("signals", f => Number(f.Signals));
    }

    private static Table Faults(IReadOnlyList<Diagnosis> designs)
    {
        var table = New("faults").AddColumn("");
        foreach (var design in designs) table.AddColumn(new TableColumn(Head(design.Name)).RightAligned());
        foreach (var (name, value) in FaultRows(designs.Select(design => design.Faults)))
            table.AddRow([name, .. designs.Select(design => value(design.Faults))]);
        return table;
    }

    private static Table Calls(IReadOnlyList<Diagnosis> designs)
    {
        // Who holds the lock for read is not timed: an empty hold. Of a space with one lock, "ranges" stays empty; of one with ranges the writes are those that lock all of it. Ranges are
        // an estimate from samples, which would otherwise be taken for a miscount.
        var table = New("locks by kind of call").AddColumn("design").AddColumn("call");
        foreach (string column in (string[])["writes", "mean, µs", "ranges", "mean, µs", "held, ms", "waits", "waited, ms", "longest, µs"])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var design in designs)
        {
            foreach (var c in design.Lock.Calls)
            {
                table.AddRow(
                    Short(design.Name), c.User.ToString(), NumberOrNone(c.Writes), c.Writes == 0 ? "" : Microseconds(c.MeanWriteHoldNanoseconds),
                    c.Ranges == 0 ? "" : $"≈{Number(c.Ranges)}", c.Ranges == 0 ? "" : Microseconds(c.MeanRangeHoldNanoseconds), c.HeldNanoseconds == 0 ? "" : Milliseconds(c.HeldNanoseconds),
                    Number(c.Waits), Milliseconds(c.WaitedNanoseconds), Microseconds(c.LongestWaitNanoseconds));
            }
        }

        if (designs.Any(design => design.Lock.Calls.Any(c => c.LongestWaitNanoseconds > c.WaitedNanoseconds)))
            table.Caption = new TableTitle("The longest waits are those since the spaces began, warm-up included.");
        return table;
    }

    private static Table Blame(IReadOnlyList<Diagnosis> designs)
    {
        var table = New("who waited for locks behind whom").AddColumn("design").AddColumn("waiter").AddColumn("holder");
        table.AddColumn(new TableColumn("ms").RightAligned());
        foreach (var design in designs)
        {
            foreach (var blame in design.Lock.Behind.Take(ShownBlame))
                table.AddRow(Short(design.Name), blame.Waiter.ToString(), blame.Holder.ToString(), Milliseconds(blame.Nanoseconds));
        }

        return table;
    }

    private static string Short(string name) => name.Replace("Sequence", "Seq", StringComparison.Ordinal);

    private static string NumberOrNone(long value) => value == 0 ? "" : Number(value);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Microseconds(double nanoseconds) => (nanoseconds / NanosecondsPerMicrosecond).ToString("N2", CultureInfo.InvariantCulture);

    private static string Milliseconds(double nanoseconds) => (nanoseconds / NanosecondsPerMillisecond).ToString("N3", CultureInfo.InvariantCulture);

    private static Table New(string title) => new Table { Border = TableBorder.Simple, Title = new TableTitle(title) };
}
