namespace Faultline.Traces;

/// <summary>What is known when a recording begins: who made it, of what, where.</summary>
public sealed record TraceHeader
{
    /// <summary>Program and version that wrote the file.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>Where the events come from: <c>perf record</c>, or the imported file's name.</summary>
    public required string Source { get; init; }

    /// <summary>Program and arguments; empty when unknown (imports: <see cref="EventKind.Exec"/> events name the programs).</summary>
    public IReadOnlyList<string> CommandLine { get; init; } = [];

    /// <summary>What the program returned (128 + the signal that killed it); null when unknown.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The user stopped the recording: the program may have been cut short.</summary>
    public bool Interrupted { get; init; }

    /// <summary>The machine; null for imports.</summary>
    public MachineFacts? Machine { get; init; }
}
