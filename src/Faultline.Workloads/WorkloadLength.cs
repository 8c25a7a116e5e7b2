namespace Faultline.Workloads;

/// <summary>How long a sample takes: a time, or a number of operations of each thread, rounded up to whole steps.</summary>
public readonly record struct WorkloadLength
{
    /// <summary>The time; null if operations are counted.</summary>
    public TimeSpan? Time { get; private init; }

    /// <summary>Operations of each thread, if there is no time.</summary>
    public long Count { get; private init; }

    /// <summary>For so long.</summary>
    public static WorkloadLength For(TimeSpan time) => new() { Time = time };

    /// <summary>So many operations of each thread.</summary>
    public static WorkloadLength Of(long count) => new() { Count = count };
}
