using System.CommandLine;
using Faultline.Cli.Bench;

namespace Faultline.Cli.Commands;

/// <summary><c>faultline bench designs</c>: what sets the designs apart, side by side.</summary>
internal sealed class DesignsCommand(CliContext context) : BenchmarksVerb(
    context, "designs", "Measure the designs side by side: faults without writers, one area for all threads, idle accessors, thread stacks beside large unmaps.",
    "faultline bench designs",
    "faultline bench designs --filter 'designs/regions*'",
    "faultline bench designs --check --json")
{
    /// <inheritdoc/>
    protected override IReadOnlyList<Benchmark> Select(ParseResult parse) => BenchCatalog.Designs;
}
