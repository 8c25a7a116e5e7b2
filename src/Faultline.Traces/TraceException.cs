namespace Faultline.Traces;

/// <summary>Something is wrong with a recording or its making; says what, and what to do about it.</summary>
public abstract class TraceException(string cause, string cure, Exception? inner = null) : Exception(cause, inner)
{
    /// <summary>What the user can do about it.</summary>
    public string Cure { get; } = cure;
}
