namespace Faultline.Workloads;

/// <summary>A result that somebody else published: throughput with speculative faults over throughput without.</summary>
/// <param name="Series">Which patches: "v12" is Laurent Dufour's of April 2019.</param>
/// <param name="Machine">Where it was measured.</param>
/// <param name="What">Command and metric.</param>
/// <param name="Ratio">Above 1 is better with speculation.</param>
public sealed record PublishedRatio(string Series, string Machine, string What, double Ratio);
