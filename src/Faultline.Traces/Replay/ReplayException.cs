namespace Faultline.Traces;

/// <summary>A replay could not be finished.</summary>
public sealed class ReplayException : TraceException
{
    internal ReplayException(string cause, string cure, Exception? inner = null)
        : base(cause, cure, inner)
    {
    }
}
