using Faultline.Physical;

namespace Faultline.Faults;

/// <summary>
/// How a design finds and protects the area of a fault, and what it must check under the table lock. A policy: the pipeline is compiled once for each
/// design, and what a design does not need costs it nothing.
/// </summary>
internal interface IFaultDesign
{
    /// <summary>Runs inside a walker section, holding no lock over the area.</summary>
    static abstract bool IsSpeculative { get; }

    /// <summary>Finds the area of the fault and begins to protect it.</summary>
    static abstract FaultStep Find(ref FaultContext fault);

    /// <summary>
    /// Ends what <see cref="Find"/> began, if it began something: before a speculative fault waits for a device, is resolved, or is handed to the classic path.
    /// </summary>
    static abstract void End(ref FaultContext fault);

    /// <summary>Takes a lowest table's lock, or tells that it is busy.</summary>
    static abstract bool TryLock(ref FrameInfo table);

    /// <summary>Under the table lock: the area is what it was when it was found.</summary>
    static abstract bool IsAreaUnchanged(ref FaultContext fault);

    /// <summary>A frame with any contents, or 0.</summary>
    static abstract uint TakeFrame(ref FaultContext fault);
}
