using Faultline.Workloads;

namespace Faultline.Cli.Bench.Workloads;

/// <summary>What is to be run.</summary>
/// <param name="Workload">Which one.</param>
/// <param name="Options">Its sizes and switches.</param>
/// <param name="Threads">A run for each.</param>
/// <param name="Length">Of a sample.</param>
/// <param name="Samples">Of each run and subject.</param>
internal sealed record WorkloadPlan(Workload Workload, WorkloadOptions Options, IReadOnlyList<int> Threads, WorkloadLength Length, int Samples);
