namespace Faultline.Workloads;

/// <summary>What one sample of a workload came to.</summary>
/// <param name="Operations">Of all threads.</param>
/// <param name="OperationsPerSecond">The sum of what each thread reached in its own time.</param>
/// <param name="NanosecondsPerOperation">What an operation took a thread, on average.</param>
/// <param name="Latency">Of the operations that were timed.</param>
public sealed record WorkloadSample(long Operations, double OperationsPerSecond, double NanosecondsPerOperation, LatencyHistogram Latency);
