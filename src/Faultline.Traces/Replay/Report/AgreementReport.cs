namespace Faultline.Traces;

/// <summary>How far a replay agreed with the recording in one respect.</summary>
/// <param name="Kind">In what.</param>
/// <param name="Compared">How many were compared.</param>
/// <param name="Agreed">How many agreed.</param>
/// <param name="Raced">
/// Faults among them that several threads had at the same page at the same time: the recording says that each found the entry as it was before all of
/// them, so that is what is compared.
/// </param>
/// <param name="Repeated">
/// Faults among them of one kernel access that was tried with page faults disabled, and then made again: none but the last was served, so each found the
/// entry as the first did.
/// </param>
/// <param name="Disagreements">All others, by class.</param>
public sealed record AgreementReport(
    AgreementKind Kind, long Compared, long Agreed, long Raced, long Repeated, IReadOnlyList<DisagreementClass> Disagreements)
{
    /// <summary>Of 100; 100 if there was nothing to compare.</summary>
    public double Percent => Compared == 0 ? 100 : 100.0 * Agreed / Compared;
}

/// <summary>Disagreements of one kind.</summary>
/// <param name="Name">What differed, in words.</param>
/// <param name="Count">How often.</param>
/// <param name="Explanation">The rule behind it, if it is known; see docs/replay.md.</param>
/// <param name="Examples">The first of them.</param>
public sealed record DisagreementClass(string Name, long Count, string? Explanation, IReadOnlyList<DisagreementExample> Examples);

/// <summary>One disagreement.</summary>
/// <param name="Event">Index of the event in the recording.</param>
/// <param name="Time">Its time in the recording, nanoseconds.</param>
/// <param name="ThreadId">The recorded thread.</param>
/// <param name="Linux">What the recording shows.</param>
/// <param name="Here">What the replay came to.</param>
public sealed record DisagreementExample(int Event, long Time, int ThreadId, string Linux, string Here);
