namespace Faultline.Traces.Import;

/// <summary>The one form of perf's text that the importer reads, and what it says of any other.</summary>
internal static class PerfText
{
    /// <summary>The fields to ask perf script for.</summary>
    public static IReadOnlyList<string> ScriptArguments { get; } =
        ["--ns", "--show-mmap-events", "--show-task-events", "--show-lost-events", "-F", "comm,pid,tid,cpu,time,event,trace"];

    private const string Neither = "neither a Faultline recording nor text of perf script";

    /// <summary>What to do about text of another form.</summary>
    public static string Cure { get; } = $"Text must come from `perf script {string.Join(' ', ScriptArguments)}`";

    public static TraceFormatException Malformed(long line, string what, Exception? inner = null) => new($"line {line} {what}", Cure, inner);

    /// <summary>What is not even a line of events; of the first one the likely reason is that the file is something else.</summary>
    public static TraceFormatException NoEvent(long line, string what) =>
        Malformed(line, line == 1 ? $"{what}, so this is {Neither}" : what);

    public static TraceFormatException Truncated(long line) => new(
        $"the input is truncated in line {line}{(line == 1 ? $", or is {Neither}" : "")}", "Copy the whole file again, or let perf script finish");
}
