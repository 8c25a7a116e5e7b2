using Faultline.Traces;

namespace Faultline.Cli;

/// <summary>The one place where an exception becomes a line on stderr and an exit code.</summary>
internal static class ErrorReport
{
    /// <summary>Prints <c>faultline: cause. cure.</c> and returns the exit code.</summary>
    public static int Write(TextWriter error, Exception exception) => exception switch
    {
        CommandException e => Line(error, e.ExitCode, e.Message, e.Cure),
        TraceFormatException e => Line(error, ExitCode.BadData, e.Message, e.Cure),
        RecordException { Failure: RecordFailure.ProgramNotFound } e => Line(error, ExitCode.NoInput, e.Message, e.Cure),
        RecordException e => Line(error, ExitCode.UnsupportedHost, e.Message, e.Cure),
        OutputException e => Line(error, ExitCode.CannotCreate, e.Message, e.Cure),
        InputException e => Line(error, ExitCode.NoInput, e.Message, e.Cure),
        ReplayException { Failure: ReplayFailure.ImpossibleRecording } e => Line(error, ExitCode.BadData, e.Message, e.Cure),
        ReplayException e => Line(error, ExitCode.UnsupportedHost, e.Message, e.Cure),
        InsufficientMemoryException => Line(error, ExitCode.UnsupportedHost, exception.Message, "Ask for less memory, or run it on a larger host"),
        IOException or UnauthorizedAccessException => Line(error, ExitCode.NoInput, exception.Message, "Check the file, your rights to it, and its device"),
        _ => Line(error, ExitCode.Internal, $"internal error: {exception}", "Please report it with the command line"),
    };

    /// <summary>Prints one line; both sentences get exactly one full stop.</summary>
    public static int Line(TextWriter error, int exitCode, string cause, string cure)
    {
        error.WriteLine($"faultline: {cause.TrimEnd().TrimEnd('.')}. {cure.TrimEnd('.')}.");
        return exitCode;
    }
}
