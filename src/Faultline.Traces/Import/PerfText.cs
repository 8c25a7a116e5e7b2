namespace Faultline.Traces.Import;

/// <summary>The one form of perf's text that the importer reads, and what it says of any other.</summary>
internal static class PerfText
{
    /// <summary>The fields to ask perf script for.</summary>
    public static IReadOnlyList<string> ScriptArguments { get; } =
        ["--ns", "--show-mmap-events", "--show-task-events", "--show-lost-events", "-F", "comm,pid,tid,cpu,time,event,trace"];

    /// <summary>What to do about text of another form.</summary>
    public static string Cure { get; } = $"Text must come from `perf script {string.Join(' ', ScriptArguments)}`";

    public static TraceFormatException Malformed(long line, string what, Exception? inner = null) => new($"line {line} {what}", Cure, inner);

    public static TraceFormatException Truncated(long line) => new(
        $"the input is truncated in line {line}", "Copy the whole file again, or let perf script finish");
}
