namespace Faultline.Differential.Programs;

/// <summary>The files that each program finds: in memory (<c>memfd_create</c>) on both sides, shared by the processes that it forks.</summary>
internal enum TestFile
{
    /// <summary>Anonymous memory.</summary>
    None,

    /// <summary>Open for reading and writing; empty at first.</summary>
    Growing,

    /// <summary>Open for reading alone, <see cref="TestFiles.FixedLength"/> bytes long, one hole.</summary>
    ReadOnly,

    /// <summary>The same contents, open for writing alone.</summary>
    WriteOnly,
}

/// <summary>What both sides agree on about the files.</summary>
internal static class TestFiles
{
    /// <summary>Ends within its sixth page.</summary>
    public const int FixedLength = (5 * (int)Layout.PageSize) + 100;
}
