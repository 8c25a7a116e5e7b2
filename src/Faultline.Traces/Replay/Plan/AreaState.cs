namespace Faultline.Traces.Replay;

/// <summary>What the recording says about a range: enough to tell whether a recorded result is possible, and whether two ranges could merge.</summary>
/// <param name="Kind">What stands behind the range.</param>
/// <param name="Rights">What an access may do.</param>
/// <param name="Backing">Equal for two adjacent ranges that continue each other: the file and where its first page would lie, or the flags of anonymous memory.</param>
/// <param name="Anon">Names the AnonVma of the range: 0 before the first private write, else whichever fault made it. Two different ones forbid merging.</param>
internal readonly record struct AreaState(AreaKind Kind, Protection Rights, ulong Backing, int Anon = 0)
{
    public bool IsMapped => Kind != AreaKind.None;

    /// <summary>A write makes pages of its own, and with the first of them the AnonVma.</summary>
    public bool IsPrivate => Kind is AreaKind.Anonymous or AreaKind.Stack or AreaKind.File;

    /// <summary>The areas of adjacent ranges in these states would be one (<c>mm/vma.c:is_mergeable_vma()</c>).</summary>
    public bool MergesWith(AreaState other) => IsMapped && this with { Anon = 0 } == other with { Anon = 0 } && (Anon == 0 || other.Anon == 0 || Anon == other.Anon);

    /// <summary>A fault beside such a range takes over its AnonVma (<c>mm/mmap.c:anon_vma_compatible()</c>): only the rights may differ.</summary>
    public bool LendsAnonTo(AreaState other) => Anon != 0 && this with { Anon = 0, Rights = other.Rights } == other;

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

    /// <summary>A private map of a file.</summary>
    File,

    /// <summary>A shared map.</summary>
    Shared,
}
