namespace Faultline.Traces;

/// <summary>What a replay compares with the recording.</summary>
public enum AgreementKind
{
    /// <summary>Calls: the same success, or the same errno.</summary>
    Calls,

    /// <summary>Maps without a fixed address: where this engine's own search would have put them.</summary>
    Placement,

    /// <summary>Mapping lines: the range and rights of an area after a call.</summary>
    Areas,

    /// <summary>Faults on anonymous memory: the entry was in the state that the error code states, and the fault ended as recorded.</summary>
    AnonymousFaults,

    /// <summary>The same of faults on files and shared memory. Whether a page is mapped there depends on what was in the page cache, too.</summary>
    FileFaults,
}
