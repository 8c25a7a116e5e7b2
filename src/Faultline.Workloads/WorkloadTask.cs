namespace Faultline.Workloads;

/// <summary>What one thread of a workload does. Used by one thread at a time.</summary>
public abstract class WorkloadTask : IDisposable
{
    /// <summary>Goes once around the loop, and returns how many operations that was.</summary>
    /// <exception cref="WorkloadException">Memory does not hold what was written.</exception>
    public abstract long Step(LatencySampler latency);

    /// <summary>Checks whatever the steps have left behind, with no time running.</summary>
    /// <exception cref="WorkloadException">Memory does not hold what was written.</exception>
    public virtual void Verify()
    {
    }

    /// <summary>Gives the thread back; its memory goes with the program.</summary>
    public abstract void Dispose();
}
