namespace Faultline.Physical;

/// <summary>How much more than there is may be promised to programs (Linux <c>vm.overcommit_memory</c>).</summary>
public enum OvercommitMode
{
    /// <summary>
    /// A single request that could never be met is refused, see <see cref="AddressSpaceOptions.CommitLimit"/>; MAP_NORESERVE is not even asked (0, Linux's default).
    /// </summary>
    Heuristic,

    /// <summary>Nothing is refused (1).</summary>
    Always,

    /// <summary>
    /// What all spaces may come to need is counted and never exceeds a limit (2): private writable memory and shared anonymous memory, from the call that makes it so to the
    /// one that ends it. MAP_NORESERVE is ignored. See <see cref="PhysicalMemoryOptions.OvercommitRatio"/>.
    /// </summary>
    Never,
}
