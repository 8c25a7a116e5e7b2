using Faultline.Traces.Import;
using Faultline.Traces.Record;

namespace Faultline.Traces;

/// <summary>Records a program with perf into a .fltrace file.</summary>
public static class Recorder
{
    /// <summary>Runs <paramref name="command"/> to its end and writes its memory calls and page faults to <paramref name="output"/>.</summary>
    /// <param name="output">Appears whole, or not at all.</param>
    /// <param name="command">Program and arguments; the program is looked for as a shell does.</param>
    /// <param name="progress">Called now and then with the events' text lines converted.</param>
    /// <param name="stop">Ends the program; what was recorded until then is kept.</param>
    /// <param name="cancellation">Gives up; nothing is kept.</param>
    /// <exception cref="RecordException">perf, rights or the program are missing.</exception>
    /// <exception cref="OutputException">The output cannot be created.</exception>
    /// <exception cref="ArgumentException"><paramref name="command"/> is empty.</exception>
    public static RecordResult Record(
        string output, IReadOnlyList<string> command, Action<long>? progress = null,
        CancellationToken stop = default, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (command.Count == 0) throw new ArgumentException("There is no program to run.", nameof(command));

        // The output first: nobody wants to learn after an hour's run that the folder is read-only.
        return AtomicFile.Write(output, file => Record(file, command, progress, stop, cancellation));
    }

    private static RecordResult Record(
        Stream file, IReadOnlyList<string> command, Action<long>? progress, CancellationToken stop, CancellationToken cancellation)
    {
        var perf = PerfTool.Find();
        if (Executables.Find(command[0]) == null)
            throw new RecordException(RecordFailure.ProgramNotFound, $"the program {command[0]} was not found", "Check its name, PATH and its execute permission");

        var scratch = CreateScratch();
        try
        {
            var events = perf.ProbeEvents(scratch.FullName, cancellation);
            var data = Path.Combine(scratch.FullName, "perf.data");
            var exitCode = perf.Record(data, events, command, stop);
            if (new FileInfo(data) is not { Exists: true, Length: > 0 })
            {
                stop.ThrowIfCancellationRequested();
                throw new RecordException(RecordFailure.UnsupportedHost, "perf record wrote nothing", "Read its message above");
            }

            var header = new TraceHeader
            {
                CreatedBy = TraceInput.Producer,
                Source = "perf record",
                CommandLine = command,
                ExitCode = exitCode,
                Interrupted = stop.IsCancellationRequested,
                Machine = MachineFacts.OfThisMachine(),
            };
            var totals = perf.Script(data, text => PerfImporter.Import(text, file, header, progress, cancellation));
            return new RecordResult(exitCode, header.Interrupted, totals);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static DirectoryInfo CreateScratch()
    {
        try
        {
            return Directory.CreateTempSubdirectory("faultline-");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RecordException(RecordFailure.UnsupportedHost, $"perf's data has no place in {Path.GetTempPath()}: {e.Message}", "Set TMPDIR to a folder that you may write to", e);
        }
    }
}

/// <summary>How a recording went.</summary>
/// <param name="ExitCode">What the program returned; 128 + the signal that ended it.</param>
/// <param name="Interrupted">It was stopped from outside.</param>
/// <param name="Totals">Events, and what is missing.</param>
public sealed record RecordResult(int ExitCode, bool Interrupted, TraceTotals Totals);
