namespace Faultline;

/// <summary>What an access does to a page.</summary>
public enum AccessKind
{
    /// <summary>Reads data.</summary>
    Read,

    /// <summary>Writes data.</summary>
    Write,

    /// <summary>Fetches an instruction.</summary>
    Execute,
}
