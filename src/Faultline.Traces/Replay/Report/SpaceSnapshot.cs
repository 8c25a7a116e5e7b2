namespace Faultline.Traces;

/// <summary>The areas of a recorded address space at one moment.</summary>
/// <param name="Space">Its number: <see cref="TraceEvent.Space"/> of its events.</param>
/// <param name="ProcessId">The process that it belongs to.</param>
/// <param name="Program">The image that it runs; null if it ran before the recording began.</param>
/// <param name="Areas">All areas in address order.</param>
/// <param name="Boundaries">Each place where one area ends and another one begins, with what keeps the two apart.</param>
/// <param name="Maps">The areas as <c>/proc/PID/maps</c> prints them.</param>
/// <param name="ExplainedMaps">The same with a line for each boundary.</param>
public sealed record SpaceSnapshot(
    int Space, int ProcessId, string? Program, IReadOnlyList<AreaInfo> Areas, IReadOnlyList<AreaBoundary> Boundaries, string Maps, string ExplainedMaps);
