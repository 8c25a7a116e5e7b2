using Faultline.Faults;

namespace Faultline.Diagnostics;

/// <summary>
/// What v12 called the ends of a speculative fault: its <c>vmstat</c> counter (patch 27) and its trace events (patch 24). Meter and event source use these names.
/// </summary>
internal static class SpeculationNames
{
    public const string Resolved = "speculative_pgfault";
    public const string AreaChanged = "spf_vma_changed";

    /// <summary>Aborted v12; here the reverse map is prepared outside the section, and the fault stays speculative.</summary>
    public const string NoAnonVma = "spf_vma_noanon";

    public const string NotSupported = "spf_vma_notsup";
    public const string NotPermitted = "spf_vma_access";
    public const string EntryChanged = "spf_pmd_changed";

    /// <summary>Until v10.</summary>
    public const string TableLockBusy = "spf_pte_lock";

    /// <summary>For the reasons that v12 left uncounted: no area, no frame or page, a switch that was off.</summary>
    public const string Other = "spf_other";

    public static string Of(SpeculationAbort reason) => reason switch
    {
        SpeculationAbort.AreaChanged or SpeculationAbort.AreaChangedUnderLock => AreaChanged,
        SpeculationAbort.EntryChanged => EntryChanged,
        SpeculationAbort.NotPermitted => NotPermitted,
        SpeculationAbort.NotSupported or SpeculationAbort.PageAbsent or SpeculationAbort.UserFault => NotSupported,
        SpeculationAbort.TableLockBusy => TableLockBusy,
        _ => Other,
    };
}
