namespace Faultline.Traces;

/// <summary>Input that is not a whole, sound recording: of another kind, truncated, damaged, or a line that cannot be read.</summary>
public sealed class TraceFormatException : TraceException
{
    internal TraceFormatException(string cause, string cure, Exception? inner = null) : base(cause, cure, inner)
    {
    }

    /// <summary>Damage found in one block of a .fltrace file.</summary>
    internal static TraceFormatException InBlock(int? block, long offset, string what, Exception? inner = null) =>
        new($"the recording is damaged: {what} ({(block is { } number ? $"block {number}" : "the last block")} at byte {offset})", "Copy the file again from its origin, or record again", inner);

    /// <summary>The file ends before its end.</summary>
    internal static TraceFormatException Truncated(string where) =>
        new($"the recording is truncated: {where}", "Copy the whole file again, or record again");
}
