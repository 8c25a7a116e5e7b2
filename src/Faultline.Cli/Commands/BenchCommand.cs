using System.CommandLine;
using Faultline.Cli.Bench;
using Faultline.Workloads;

namespace Faultline.Cli.Commands;

/// <summary><c>faultline bench</c>: the engine against the host kernel and against raw memory, in one run; below it the workloads.</summary>
internal sealed class BenchCommand : BenchmarksVerb
{
    public BenchCommand(CliContext context)
        : base(context, "bench", "Measure faults, calls and accesses against the host kernel and raw memory; or run a workload under every design.",
            "faultline bench",
            "faultline bench --list",
            "faultline bench --filter 'fault/*' --rounds 31",
            "faultline bench --check --json",
            "faultline bench ebizzy --threads 1,2,4",
            "faultline bench kernbench make.fltrace --check")
    {
        Add(new DesignsCommand(context));
        Add(new KernbenchCommand(context));
        foreach (var workload in WorkloadCatalog.All) Add(new WorkloadCommand(context, workload));
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<Benchmark> Select(ParseResult parse) => BenchCatalog.All;
}
