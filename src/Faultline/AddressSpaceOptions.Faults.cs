namespace Faultline;

public sealed partial class AddressSpaceOptions
{
    /// <summary>How faults are served. Default: <see cref="FaultDesign.AreaSequence"/>.</summary>
    public FaultDesign Design { get; init; } = FaultDesign.AreaSequence;

    /// <summary>
    /// While the space has one accessor its faults go the classic way, as in patch 22 of v12 (<c>mm_users == 1</c>): nobody else can hold the lock
    /// for long. Default: false.
    /// </summary>
    public bool SingleThreadShortcut { get; init; }

    /// <summary>
    /// Entries say by a bit of their own that their frame is not an ordinary page (Linux <c>ARCH_HAS_PTE_SPECIAL</c>, which v12 required). Without the bit the area's
    /// start and offset say it. Default: true, as on x86-64.
    /// </summary>
    public bool HasSpecialBit { get; init; } = true;
}
