using System.CommandLine;
using Faultline.Traces;

namespace Faultline.Cli.Commands;

/// <summary><c>faultline info FILE</c>: what a recording holds.</summary>
internal sealed class InfoCommand : Verb
{
    private readonly Argument<string> _file = new("FILE") { Description = "A .fltrace recording, or perf script text (plain or zstd)." };
    private readonly Option<bool> _json = JsonOption();

    public InfoCommand(CliContext context)
        : base(context, "info", "Show what a recording holds: program, machine, processes, calls, faults, losses.",
            "faultline info app.fltrace",
            "faultline info app.fltrace --json",
            "faultline info perf.txt.zst")
    {
        Add(_file);
        Add(_json);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parse)
    {
        var file = parse.GetRequiredValue(_file);
        using var reader = TraceInput.Open(file, lines => Context.Progress.Report("lines", lines, 0), Context.Cancellation);
        var summary = TraceSummary.Of(reader, Context.Cancellation);
        Context.Progress.Clear();

        if (parse.GetValue(_json)) Context.WriteJson(summary);
        else InfoReport.Write(Context, file, summary);
        TotalsReport.WarnOfLosses(Context, summary.Totals);
        return ExitCode.Ok;
    }
}
