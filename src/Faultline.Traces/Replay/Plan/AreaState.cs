namespace Faultline.Traces.Replay;

/// <summary>What the recording says about a range: enough to tell whether a recorded result is possible, and whether two ranges could merge.</summary>
/// <param name="Kind">What stands behind the range.</param>
/// <param name="Rights">What an access may do.</param>
/// <param name="Backing">Equal for two adjacent ranges that continue each other: the file and where its first page would lie, or the flags of anonymous memory.</param>
internal readonly record struct AreaState(AreaKind Kind, Protection Rights, ulong Backing)
{
    public bool IsMapped => Kind != AreaKind.None;

    /// <summary>As <c>arch/x86/mm/fault.c:access_error()</c>: what may be written or executed may also be read.</summary>
    public bool Permits(AccessKind access) => IsMapped && access switch
    {
        AccessKind.Read => (Rights & (Protection.ReadWrite | Protection.Execute)) != 0,
        AccessKind.Write => (Rights & Protection.Write) != 0,
        _ => (Rights & Protection.Execute) != 0,
    };
}

/// <summary>What stands behind a range.</summary>
internal enum AreaKind : byte
{
    None,
    Anonymous,
    Stack,
    File,
}
