using System.CommandLine;
using Faultline.Traces;

namespace Faultline.Cli.Commands;

/// <summary><c>faultline record -o FILE -- PROGRAM ARGS…</c>: runs a program under perf.</summary>
internal sealed class RecordCommand : Verb
{
    private readonly Option<string> _output = new("--output", "-o") { HelpName = "OUT", Description = "The .fltrace file to write.", Required = true };

    private readonly Argument<string[]> _command = new("PROGRAM")
    {
        Description = "Program and its arguments. Options of faultline stand before it; what follows is the program's own.",
        Arity = ArgumentArity.OneOrMore,
        CaptureRemainingTokens = true,
    };

    public RecordCommand(CliContext context)
        : base(context, "record", "Run a program under perf and record its memory calls and page faults. Ctrl-C ends the program and keeps the recording.",
            "faultline record -o app.fltrace -- ./app --threads 4",
            "faultline record -o java.fltrace -- java -jar app.jar")
    {
        Add(_output);
        Add(_command);
    }

    /// <inheritdoc/>
    protected override string WhatInterruptionLeaves => "Nothing was written";

    /// <inheritdoc/>
    protected override int Run(ParseResult parse)
    {
        var output = parse.GetRequiredValue(_output);
        using var stop = new CancellationTokenSource();
        RecordResult result;
        using (Context.Interrupts.TakeFirst(stop))
        {
            result = Recorder.Record(output, parse.GetRequiredValue(_command),
                lines => Context.Progress.Report("converting, lines", lines, 0), stop.Token, Context.Cancellation);
        }
        Context.Progress.Clear();

        // On stderr: stdout is the program's.
        Context.Error.WriteLine($"faultline: {output}: {result.Totals.Events:N0} events, {new FileInfo(output).Length:N0} bytes; "
            + (result.Interrupted ? "the program was stopped" : $"the program returned {result.ExitCode}"));
        TotalsReport.WarnOfLosses(Context, result.Totals);
        return result.ExitCode == 0 || result.Interrupted ? ExitCode.Ok : ExitCode.Finding;
    }
}
