namespace Faultline.Workloads;

/// <summary>Which of <see cref="WorkloadOptions"/> a workload reads.</summary>
public enum WorkloadSizes
{
    /// <summary>It has no sizes.</summary>
    None,

    /// <summary><see cref="WorkloadOptions.RegionBytes"/>.</summary>
    Region,

    /// <summary>ebizzy's own: chunks, their size and the switches of the original.</summary>
    Chunks,

    /// <summary><see cref="WorkloadOptions.Areas"/> and <see cref="WorkloadOptions.Pages"/>.</summary>
    Areas,
}
