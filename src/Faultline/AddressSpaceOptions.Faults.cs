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
}
