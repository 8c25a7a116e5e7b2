namespace Faultline.Traces;

/// <summary>What a recording holds, counted in one pass.</summary>
public sealed record TraceSummary
{
    /// <summary>Who made it, of what, where.</summary>
    public required TraceHeader Header { get; init; }

    /// <summary>How much there is, and what is missing.</summary>
    public required TraceTotals Totals { get; init; }

    /// <summary>Executed files in order of their first exec.</summary>
    public required IReadOnlyList<ProgramSummary> Programs { get; init; }

    /// <summary>From the first event to the last, nanoseconds.</summary>
    public required long DurationNanoseconds { get; init; }

    /// <summary>Processes with at least one event.</summary>
    public required int Processes { get; init; }

    /// <summary>Threads with at least one event.</summary>
    public required int Threads { get; init; }

    /// <summary>Most threads alive at one time.</summary>
    public required int MostLiveThreads { get; init; }

    /// <summary>Address spaces: one per image and one per fork that copies.</summary>
    public required int Spaces { get; init; }

    /// <summary>Events by kind.</summary>
    public required IReadOnlyDictionary<EventKind, long> Events { get; init; }

    /// <summary>Page faults by class, most frequent first.</summary>
    public required IReadOnlyList<FaultSummary> Faults { get; init; }

    /// <summary>System calls, those that took most time first.</summary>
    public required IReadOnlyList<CallSummary> Calls { get; init; }

    /// <summary>What was mapped.</summary>
    public required AreaSummary Areas { get; init; }

    /// <summary>Reads <paramref name="reader"/> to its end and counts.</summary>
    public static TraceSummary Of(TraceReader reader, CancellationToken cancellation = default) =>
        new SummaryBuilder(reader).Build(cancellation);
}

/// <summary>One executed file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Execs">How often it was executed.</param>
public sealed record ProgramSummary(string Path, long Execs);

/// <summary>One class of page faults.</summary>
/// <param name="Class">In words: "user write, absent".</param>
/// <param name="Count">How many.</param>
public sealed record FaultSummary(string Class, long Count);

/// <summary>One system call.</summary>
/// <param name="Name">The kernel's name.</param>
/// <param name="Count">How often it was called.</param>
/// <param name="Failed">How often it returned an errno.</param>
/// <param name="Unfinished">How often its exit is missing though it should be recorded.</param>
/// <param name="TotalNanoseconds">From enter to exit, all calls.</param>
/// <param name="MaxNanoseconds">The longest.</param>
public sealed record CallSummary(string Name, long Count, long Failed, long Unfinished, long TotalNanoseconds, long MaxNanoseconds)
{
    /// <summary>Mean from enter to exit.</summary>
    public double MeanNanoseconds => Count == 0 ? 0 : (double)TotalNanoseconds / Count;
}

/// <summary>What was mapped and touched.</summary>
/// <param name="AnonymousMaps">Successful anonymous mmap calls.</param>
/// <param name="AnonymousBytes">Their lengths.</param>
/// <param name="FileMaps">Successful mmap calls of files.</param>
/// <param name="FileBytes">Their lengths.</param>
/// <param name="LargestMap">Longest of both.</param>
/// <param name="Unmaps">Successful munmap calls.</param>
/// <param name="UnmappedBytes">Their lengths.</param>
/// <param name="Files">Distinct files among the mapping lines.</param>
/// <param name="MappingLines">Mapping lines: areas as Linux reported them after a change.</param>
/// <param name="FaultedPages">Distinct pages with a fault, each space for itself.</param>
public sealed record AreaSummary(
    long AnonymousMaps, long AnonymousBytes, long FileMaps, long FileBytes, long LargestMap,
    long Unmaps, long UnmappedBytes, long Files, long MappingLines, long FaultedPages);
