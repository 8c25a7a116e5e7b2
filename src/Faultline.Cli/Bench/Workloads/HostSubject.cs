using Faultline.Cli.Bench.Host;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Workloads;

/// <summary>The host's kernel, in this process.</summary>
internal sealed class HostSubject() : Subject("host")
{
    public override WorkloadSample Sample(WorkloadPlan plan, int threads, WorkloadLength length, CancellationToken cancellation)
    {
        using var program = new HostProgram();
        using var run = Open(plan, program, threads, cancellation);
        var sample = run.Sample(length, cancellation);
        run.Verify();
        return sample;
    }
}
