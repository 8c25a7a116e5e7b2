namespace Faultline.Sync;

/// <summary>A step that the engine leaves out or does wrongly, in this build only: a model that passes all the same proves nothing.</summary>
internal enum Mutant
{
    None,

    /// <summary>A speculative fault does not look at the area's sequence again once it holds the table lock.</summary>
    SkipSecondValidation,

    /// <summary>An accessor announces its section by a plain store, which may wait in the store buffer while the accessor already reads tags.</summary>
    AnnounceSectionByPlainStore,

    /// <summary>Fork write-protects the parent's pages with its areas even, as v12 did before its patch 18, and Linux 6.4 again.</summary>
    ForkKeepsAreasEven,
}

/// <summary>Which mutant the engine is. Chosen before a schedule, never while one runs.</summary>
internal static class Mutants
{
    public static Mutant Active { get; set; }
}
