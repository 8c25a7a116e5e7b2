namespace Faultline.Traces;

/// <summary>Why a replay could not be finished.</summary>
public enum ReplayFailure
{
    /// <summary>It needs more memory than it was given, or than there is.</summary>
    OutOfMemory,

    /// <summary>The recording says what cannot be.</summary>
    ImpossibleRecording,
}

/// <summary>A replay could not be finished.</summary>
public sealed class ReplayException : TraceException
{
    internal ReplayException(ReplayFailure failure, string cause, string cure, Exception? inner = null)
        : base(cause, cure, inner) => Failure = failure;

    /// <summary>The kind of failure.</summary>
    public ReplayFailure Failure { get; }
}
