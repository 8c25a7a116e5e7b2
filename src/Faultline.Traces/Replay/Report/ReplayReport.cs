using Faultline.Diagnostics;
using Faultline.Faults;

namespace Faultline.Traces;

/// <summary>What replaying a recording came to.</summary>
public sealed record ReplayReport
{
    /// <summary>Events that were replayed.</summary>
    public required long Operations { get; init; }

    /// <summary>Recorded threads, each with a thread of its own.</summary>
    public required int Threads { get; init; }

    /// <summary>Address spaces: one per image and one per fork that copies.</summary>
    public required int Spaces { get; init; }

    /// <summary>Orders between operations of different threads that the replay keeps.</summary>
    public required long Orders { get; init; }

    /// <summary>Calls of a space ran in their recorded order, so that <see cref="AgreementKind.Placement"/> is a claim too.</summary>
    public required bool OrderedCalls { get; init; }

    /// <summary>Time that building the order took.</summary>
    public required long PlanNanoseconds { get; init; }

    /// <summary>Operations that were replayed before, unmeasured, under each design; 0 for a single design, which is compared with none.</summary>
    public required long WarmUpOperations { get; init; }

    /// <summary>Events that the recorder lost. Above 0, agreement is not a claim about Linux.</summary>
    public required long LostEvents { get; init; }

    /// <summary>Events that cannot be replayed, by reason.</summary>
    public required IReadOnlyDictionary<string, long> NotReplayed { get; init; }

    /// <summary>One replay per design.</summary>
    public required IReadOnlyList<DesignReport> Designs { get; init; }

    /// <summary>The recording is complete, so that agreement says something.</summary>
    public bool IsAgreementClaimed => LostEvents == 0;

    /// <summary>
    /// The lowest agreement of calls, areas, faults on anonymous memory and all faults together, and with <see cref="OrderedCalls"/> of placement, over all designs;
    /// null where the recording holds none of them.
    /// </summary>
    public double? LowestAgreement => Designs.SelectMany(design => design.Agreement.Where(IsClaimed).Append(AllFaults(design)))
        .Where(agreement => agreement.Compared > 0)
        .Min(agreement => (double?)agreement.Percent);

    private bool IsClaimed(AgreementReport agreement) => agreement.Kind switch
    {
        AgreementKind.FileFaults => false,
        AgreementKind.Placement => OrderedCalls,
        _ => true,
    };

    // A small program has a hundred faults on files: one of them alone would decide.
    private static AgreementReport AllFaults(DesignReport design)
    {
        AgreementReport anonymous = design.Agreement[(int)AgreementKind.AnonymousFaults], files = design.Agreement[(int)AgreementKind.FileFaults];
        return files with { Compared = anonymous.Compared + files.Compared, Agreed = anonymous.Agreed + files.Agreed };
    }
}

/// <summary>One replay under one design.</summary>
public sealed record DesignReport
{
    /// <summary>How faults were served.</summary>
    public required FaultDesign Design { get; init; }

    /// <summary>What excluded calls from each other.</summary>
    public required WriterLock WriterLock { get; init; }

    /// <summary>With the single-thread short-cut.</summary>
    public required bool ShortCut { get; init; }

    /// <summary>From the first operation to the last.</summary>
    public required long WallNanoseconds { get; init; }

    /// <summary>The engine's faults.</summary>
    public required FaultReport Faults { get; init; }

    /// <summary>Duration of the accesses that the recording says faulted.</summary>
    public required LatencyReport Latency { get; init; }

    /// <summary>Waiting for the address-space locks.</summary>
    public required LockReport Lock { get; init; }

    /// <summary>Comparison with the recording.</summary>
    public required IReadOnlyList<AgreementReport> Agreement { get; init; }

    /// <summary>Frames that were still in use when every space was gone: must be 0.</summary>
    public required long FramesLost { get; init; }
}

/// <summary>The engine's faults in one replay.</summary>
/// <param name="Resolved">Faults that were resolved.</param>
/// <param name="Speculative">Of these, without the address-space lock.</param>
/// <param name="Attempts">Speculative attempts.</param>
/// <param name="Restarts">Times that an attempt started again.</param>
/// <param name="Fallbacks">Attempts handed to the classic path.</param>
/// <param name="FailedNanoseconds">Time that attempts spent in vain, before they started again or gave up; an estimate, see <see cref="FaultStatistics.FailedNanoseconds"/>.</param>
/// <param name="Signals">Faults that ended in a signal.</param>
/// <param name="Aborts">Restarts and fallbacks by reason.</param>
public sealed record FaultReport(
    long Resolved, long Speculative, long Attempts, long Restarts, long Fallbacks, long? FailedNanoseconds, long Signals,
    IReadOnlyDictionary<SpeculationAbort, long> Aborts)
{
    /// <summary>Part of the resolved faults, from 0 to 1.</summary>
    public double SpeculativeShare => Resolved == 0 ? 0 : (double)Speculative / Resolved;
}

/// <summary>Durations in nanoseconds.</summary>
/// <param name="Count">How many.</param>
/// <param name="Total">Their sum.</param>
/// <param name="P50">Half are shorter.</param>
/// <param name="P99">99 of 100 are shorter.</param>
/// <param name="Max">The longest.</param>
public sealed record LatencyReport(long Count, long Total, long P50, long P99, long Max);
