using Faultline.Traces;
using Faultline.Workloads;

namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>The share of ebizzy's faults that speculation takes beside writers in every thread.</summary>
internal sealed class EbizzyShareBenchmark : ShareBenchmark
{
    private const int Threads = 4;

    // The threads of a sample begin at the same moment, with maps that get in each other's way; ebizzy goes on for seconds.
    private const int RecordsPerRepetition = 1024;

    public override string Name => "workload/ebizzy-share";

    public override string Summary => $"ebizzy -mTt {Threads}: faults that went the classic way";

    public override OpenBenchmark Open()
    {
        var workload = WorkloadCatalog.Find("ebizzy")!;
        var options = new WorkloadOptions();
        var memory = Guest.Memory((long)workload.BytesNeeded(Threads, options));
        var program = new GuestProgram(memory, FaultDesign.AreaSequence);
        var run = WorkloadRun.Open(workload, program, Threads, options);
        return new OpenBenchmark(
            [
                Of(repetitions =>
                {
                    var totals = new SpaceTotals();
                    totals.Subtract(program.Space);
                    run.Sample(WorkloadLength.Of((long)repetitions * RecordsPerRepetition));
                    totals.Add(program.Space);
                    return totals.Faults();
                }),
            ],
            memory, program, run);
    }
}
