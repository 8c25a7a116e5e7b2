using Faultline.Physical;
using Faultline.Traces;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Workloads;

/// <summary>The engine under one design, over memory that all designs share.</summary>
internal sealed class DesignSubject : Subject
{
    private readonly PhysicalMemory _memory;
    private readonly DesignPair _design;

    public DesignSubject(PhysicalMemory memory, DesignPair design)
        : base(design.ToString())
    {
        _memory = memory;
        _design = design;
        Totals = new SpaceTotals();
    }

    /// <summary>Every design with every writer lock that is legal with it.</summary>
    public static IEnumerable<DesignSubject> All(PhysicalMemory memory) =>
        DesignPair.All.Select(design => new DesignSubject(memory, design));

    public override void Forget() => Totals = new SpaceTotals();

    public override WorkloadSample Sample(WorkloadPlan plan, int threads, WorkloadLength length, CancellationToken cancellation)
    {
        using var program = new GuestProgram(_memory, _design.Design, _design.WriterLock);
        using var run = Open(plan, program, threads, cancellation);

        // Neither the setting up nor the checks belong to the diagnosis.
        Totals!.Subtract(program.Space);
        var sample = run.Sample(length, cancellation);
        Totals.Add(program.Space);
        run.Verify();
        return sample;
    }
}
