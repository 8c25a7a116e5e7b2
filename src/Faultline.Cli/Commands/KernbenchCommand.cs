using System.CommandLine;
using Faultline.Cli.Bench;
using Faultline.Cli.Bench.Benchmarks;
using Faultline.Traces;

namespace Faultline.Cli.Commands;

/// <summary><c>faultline bench kernbench FILE</c>: what speculation costs a build, whose processes have one thread each.</summary>
internal sealed class KernbenchCommand : BenchmarksVerb
{
    private readonly Argument<string> _file = new("FILE") { Description = "A recording of a build, or of anything else: .fltrace, or perf script text (plain or zstd)." };

    public KernbenchCommand(CliContext context)
        : base(context, "kernbench", "Replay a recorded build under every design, with the single-thread short-cut on and off.",
            "faultline record -o make.fltrace -- make -j1",
            "faultline bench kernbench make.fltrace",
            "faultline bench kernbench make.fltrace --check --rounds 31") => Add(_file);

    /// <inheritdoc/>
    protected override IReadOnlyList<Benchmark> Select(ParseResult parse)
    {
        using var reader = TraceInput.Open(
            parse.GetRequiredValue(_file), lines => Context.Progress.Report("lines", lines, 0), Context.Cancellation);
        var recording = Recording.Load(reader, Context.Cancellation);
        if (!HoldsFault(recording))
            throw new CommandException(ExitCode.BadData, "the recording holds no page fault to measure", "Record a program from its start");

        return [new RecordingBenchmark(recording, Context.Cancellation), new RecordingShareBenchmark(recording, Context.Cancellation)];
    }

    private static bool HoldsFault(Recording recording)
    {
        foreach (ref readonly var e in recording.Events)
        {
            if (e.Kind == EventKind.Fault) return true;
        }
        return false;
    }
}
