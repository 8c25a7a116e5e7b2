using System.CommandLine;
using Faultline.Traces;

namespace Faultline.Cli.Commands;

/// <summary><c>faultline import FILE -o OUT</c>: perf's text becomes a recording.</summary>
internal sealed class ImportCommand : Verb
{
    private readonly Argument<string> _file = new("FILE") { Description = "Output of perf script, plain or compressed with zstd." };
    private readonly Option<string> _output = new("--output", "-o") { HelpName = "OUT", Description = "The .fltrace file to write.", Required = true };
    private readonly Option<bool> _json = JsonOption();

    public ImportCommand(CliContext context)
        : base(context, "import", "Turn the text of perf script into a recording.",
            "faultline import perf.txt.zst -o app.fltrace",
            "perf script --ns --show-mmap-events --show-task-events --show-lost-events -F comm,pid,tid,cpu,time,event,trace > perf.txt")
    {
        Add(_file);
        Add(_output);
        Add(_json);
    }

    /// <inheritdoc/>
    protected override string WhatInterruptionLeaves => "Nothing was written";

    /// <inheritdoc/>
    protected override int Run(ParseResult parse)
    {
        var output = parse.GetRequiredValue(_output);
        var totals = TraceInput.Import(
            parse.GetRequiredValue(_file), output, lines => Context.Progress.Report("lines", lines, 0), Context.Cancellation);
        Context.Progress.Clear();

        if (parse.GetValue(_json)) Context.WriteJson(new { file = output, totals });
        else Context.Output.WriteLine($"{output}: {totals.Events:N0} events, {new FileInfo(output).Length:N0} bytes");
        TotalsReport.WarnOfLosses(Context, totals);
        return ExitCode.Ok;
    }
}
