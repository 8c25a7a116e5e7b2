namespace Faultline;

/// <summary>A design with what excludes its calls from each other.</summary>
/// <param name="Design">How faults are served.</param>
/// <param name="WriterLock">What excludes calls.</param>
public readonly record struct DesignPair(FaultDesign Design, WriterLock WriterLock)
{
    /// <summary>Every pair that an <see cref="AddressSpace"/> accepts, by design.</summary>
    public static IReadOnlyList<DesignPair> All { get; } =
    [
        .. from design in Enum.GetValues<FaultDesign>()
           from writers in Enum.GetValues<WriterLock>()
           let pair = new DesignPair(design, writers)
           where pair.IsLegal
           select pair,
    ];

    /// <summary>False for <see cref="FaultDesign.AreaLock"/> with <see cref="WriterLock.RangeLock"/>, which an <see cref="AddressSpace"/> refuses.</summary>
    public bool IsLegal => Design != FaultDesign.AreaLock || WriterLock == WriterLock.MmapLock;

    /// <summary>The design with one lock for the whole space.</summary>
    public static implicit operator DesignPair(FaultDesign design) => FromFaultDesign(design);

    /// <summary>The design with one lock for the whole space.</summary>
    public static DesignPair FromFaultDesign(FaultDesign design) => new(design, WriterLock.MmapLock);

    /// <summary>The design's name; where calls lock ranges, with that.</summary>
    public override string ToString() => WriterLock == WriterLock.MmapLock ? Design.ToString() : $"{Design}, ranges";
}
