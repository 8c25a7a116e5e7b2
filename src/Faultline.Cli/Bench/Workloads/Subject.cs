using Faultline.Traces;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Workloads;

/// <summary>What runs a workload: the host's kernel, or the engine under one design.</summary>
internal abstract class Subject(string name)
{
    /// <summary>For the tables.</summary>
    public string Name { get; } = name;

    /// <summary>Faults and locks of all samples since <see cref="Forget"/>; null on the host, which does not tell.</summary>
    public SpaceTotals? Totals { get; protected set; }

    /// <summary>Starts the totals afresh.</summary>
    public virtual void Forget()
    {
    }

    /// <summary>Sets the workload up in a program of its own, takes a sample, and checks what it has left behind.</summary>
    public abstract WorkloadSample Sample(WorkloadPlan plan, int threads, WorkloadLength length, CancellationToken cancellation);

    /// <summary>The same for every program.</summary>
    protected static WorkloadRun Open<TThread>(WorkloadPlan plan, IProgram<TThread> program, int threads, CancellationToken cancellation)
        where TThread : struct, IProgramThread
    {
        var run = WorkloadRun.Open(plan.Workload, program, threads, plan.Options);

        // Threads, tables and file pages that come with the first step.
        run.Sample(WorkloadLength.Of(1), cancellation);
        return run;
    }
}
