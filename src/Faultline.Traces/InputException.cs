namespace Faultline.Traces;

/// <summary>A file that cannot be opened or read.</summary>
public sealed class InputException : TraceException
{
    internal InputException(string cause, string cure, Exception? inner = null)
        : base(cause, cure, inner)
    {
    }
}
