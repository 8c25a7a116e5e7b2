namespace Faultline.Files;

/// <summary>How a request for a page of a file ended.</summary>
internal enum FileResult
{
    /// <summary>The page is in memory.</summary>
    Ok,

    /// <summary>The file ends before the page: SIGBUS.</summary>
    BeyondEnd,

    /// <summary>The file could not be read: SIGBUS.</summary>
    ReadFailed,

    /// <summary>The file does not let the page be written: SIGBUS.</summary>
    Refused,

    /// <summary>No frame is left: ENOMEM.</summary>
    OutOfMemory,

    /// <summary>The space was killed while the fault waited.</summary>
    Killed,
}
