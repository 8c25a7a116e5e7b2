using System.Diagnostics;
using System.Runtime.InteropServices;
using Faultline.Traces.Import;

namespace Faultline.Traces.Record;

/// <summary>Runs perf: what it can trace, the recording itself, and its text.</summary>
internal sealed class PerfTool
{
    private const int SigInt = 2;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    // Pages of each CPU's ring: a program that faults without pause fills 32 MiB while perf writes a chunk out.
    private const string RingPages = "8192";

    private static readonly string[] s_deniedWords = ["ermission", "not permitted", "paranoid", "EACCES", "EPERM"];

    private readonly string _path;

    private PerfTool(string path) => _path = path;

    /// <summary>perf from PATH.</summary>
    /// <exception cref="RecordException">There is none.</exception>
    public static PerfTool Find() => Executables.Find("perf") is { } path
        ? new PerfTool(path)
        : throw new RecordException(RecordFailure.MissingTool, "perf was not found in PATH",
            "Install it: package linux-perf (Debian), linux-tools-generic (Ubuntu), perf (Fedora, Arch)");

    /// <summary>The events that this host has, of those that a recording wants; after a trial that finds missing rights before the program runs.</summary>
    /// <exception cref="RecordException">The user may not trace, or required events are missing.</exception>
    public IReadOnlyList<string> ProbeEvents(string scratch, CancellationToken cancellation)
    {
        // Listing mounts the trace file system where it is not; without rights it lists nothing.
        var (_, listed, listError) = Run(["list", "--raw-dump", "tracepoint"], cancellation);
        var present = listed.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
        if (present.Count == 0) throw Denied(listError);

        var missing = PerfEvents.Required.Where(e => !present.Contains(e)).ToList();
        if (missing.Count > 0)
        {
            throw new RecordException(RecordFailure.UnsupportedHost, $"this kernel has no {string.Join(", ", missing)}",
                "Record on x86-64 with a kernel that has CONFIG_FTRACE_SYSCALLS, and replay the file here");
        }

        IReadOnlyList<string> events = [.. PerfEvents.Required, .. PerfEvents.Optional.Where(present.Contains)];
        var probe = Path.Combine(scratch, "probe.data");
        // One event is enough to learn about rights and ring memory; opening and closing all of them takes seconds.
        var (code, _, error) = Run([.. RecordArguments(probe, [events[0]]), "true"], cancellation);
        File.Delete(probe);
        if (code == 0) return events;
        if (s_deniedWords.Any(word => error.Contains(word, StringComparison.Ordinal))) throw Denied(error);
        throw Failed("perf record", error);
    }

    /// <summary>Runs <paramref name="command"/> under perf record with this process's terminal and returns its exit code.</summary>
    public int Record(string data, IReadOnlyList<string> events, IReadOnlyList<string> command, CancellationToken stop)
    {
        using var process = Start(new ProcessStartInfo(_path, [.. RecordArguments(data, events), .. command]));

        // On a terminal Ctrl-C reaches perf anyway; a signal to this process alone does not. perf ends the program and its file.
        using (stop.Register(() => Interrupt(process.Id)))
        {
            process.WaitForExit();
        }
        return process.ExitCode;
    }

    /// <summary>Gives the recording's text to <paramref name="read"/> as it is printed.</summary>
    /// <exception cref="RecordException">perf script fails.</exception>
    public T Script<T>(string data, Func<Stream, T> read)
    {
        var start = Quiet(["script", .. PerfText.ScriptArguments, "-i", data]);
        using var process = Start(start);
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            var result = read(process.StandardOutput.BaseStream);
            process.WaitForExit();
            return process.ExitCode == 0 ? result : throw Failed("perf script", error.Result);
        }
        catch (TraceFormatException e)
        {
            // Text that ends early because perf script died is perf's failure, not the text's.
            if (process.WaitForExit(s_patience) && process.ExitCode != 0) throw Failed("perf script", error.Result, e);
            throw;
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    private static IEnumerable<string> RecordArguments(string data, IReadOnlyList<string> events) =>
    [
        "record", "-q", "-o", data,
        "-m", RingPages,
        "-c", "1",          // every event, not a sample of them
        "--sample-cpu",
        "-d",               // mapping lines of data too, not only of code
        "-e", string.Join(',', events),
        "--",
    ];

    private (int ExitCode, string Output, string Error) Run(IEnumerable<string> arguments, CancellationToken cancellation)
    {
        using var process = Start(Quiet(arguments));
        using (cancellation.Register(() => process.Kill()))
        {
            var error = process.StandardError.ReadToEndAsync(CancellationToken.None); // ends with the process
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            cancellation.ThrowIfCancellationRequested();
            return (process.ExitCode, output, error.Result);
        }
    }

    private ProcessStartInfo Quiet(IEnumerable<string> arguments) => new(_path, arguments)
    {
        RedirectStandardInput = false,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["PERF_CONFIG"] = "/dev/null", ["LC_ALL"] = "C" }, // the user's own settings could change the text
    };

    private static Process Start(ProcessStartInfo start) =>
        Process.Start(start) ?? throw new InvalidOperationException("a process was expected");

    private static RecordException Denied(string error) => new(RecordFailure.MissingRights,
        $"perf may not trace as this user (perf_event_paranoid is {Paranoid()}{Detail(error)})",
        "Run as root, or give perf CAP_PERFMON and this user read access to /sys/kernel/tracing");

    private static RecordException Failed(string what, string error, Exception? inner = null) => new(RecordFailure.UnsupportedHost,
        $"{what} failed{Detail(error)}", $"Try `{what}` by hand; Faultline needs perf 5.8 or later", inner);

    private static string Paranoid()
    {
        const string Setting = "/proc/sys/kernel/perf_event_paranoid";
        return File.Exists(Setting) ? File.ReadAllText(Setting).Trim() : "unknown";
    }

    // perf warns about fields that event types lack, at length; the last other line is the reason.
    private static string Detail(string error)
    {
        var line = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .LastOrDefault(l => !l.Contains("not valid for", StringComparison.Ordinal));
        return line == null ? "" : ": " + line;
    }

    private static void Interrupt(int processId) => _ = Kill(processId, SigInt);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);
}
