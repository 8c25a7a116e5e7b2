namespace Faultline.Traces;

/// <summary>How to replay a recording.</summary>
public sealed record ReplayOptions
{
    /// <summary>The designs to replay under, each with its writer lock, one after the other; several only when the beginning of the recording has been replayed under each, unmeasured. Default: classic and area-sequence, with one lock.</summary>
    public IReadOnlyList<DesignPair> Designs { get; init; } = [FaultDesign.Classic, FaultDesign.AreaSequence];

    /// <summary>Faults of a space with one thread go the classic way.</summary>
    public bool ShortCut { get; init; }

    /// <summary>Keeps the time between the end of each operation and the next one of its thread; else as fast as the order admits.</summary>
    public bool Paced { get; init; }

    /// <summary>
    /// Calls of one space run in their recorded order, also those on different ranges. An unhinted map's search sees the whole space, so without this it may find
    /// another place than it did in a recording of several threads.
    /// </summary>
    public bool OrderCalls { get; init; }

    /// <summary>Frames of physical memory; null for as many as the recording can need.</summary>
    public long? Frames { get; init; }

    /// <summary>Examples to keep of each class of disagreement.</summary>
    public int Examples { get; init; } = 3;
}
