namespace Faultline.Traces;

/// <summary>Why a recording could not be made.</summary>
public enum RecordFailure
{
    /// <summary>perf is not installed.</summary>
    MissingTool,

    /// <summary>The user may not trace.</summary>
    MissingRights,

    /// <summary>The kernel lacks what a recording needs, or perf fails for another reason.</summary>
    UnsupportedHost,

    /// <summary>The program to record cannot be started.</summary>
    ProgramNotFound,
}

/// <summary>A recording that could not be made; nothing was written.</summary>
public sealed class RecordException : TraceException
{
    internal RecordException(RecordFailure failure, string cause, string cure, Exception? inner = null)
        : base(cause, cure, inner) => Failure = failure;

    /// <summary>The kind of failure.</summary>
    public RecordFailure Failure { get; }
}
