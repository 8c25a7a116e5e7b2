namespace Faultline.Traces;

/// <summary>What is known when a recording ends: how much there was, and what did not become an event.</summary>
public sealed record TraceTotals
{
    /// <summary>Events in the file.</summary>
    public long Events { get; init; }

    /// <summary>Events that the recorder lost. Above 0, nothing that a replay finds is a claim about Linux.</summary>
    public long Lost { get; init; }

    /// <summary>Calls whose exit should have been recorded and was not.</summary>
    public long UnfinishedCalls { get; init; }

    /// <summary>Exits of calls whose enter was not recorded (each recording begins with one: the program's own execve).</summary>
    public long UnmatchedExits { get; init; }

    /// <summary>Lines older than the line before them; they got its time.</summary>
    public long OutOfOrder { get; init; }

    /// <summary>Input lines that are not the program's: the kernel's map, the idle task, the recorder's own start.</summary>
    public long NotTheProgram { get; init; }

    /// <summary>Input events of kinds that a recording does not keep, by name.</summary>
    public IReadOnlyDictionary<string, long> Ignored { get; init; } = new Dictionary<string, long>();
}
