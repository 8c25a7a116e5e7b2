using Faultline.Traces;

namespace Faultline.Cli.Bench;

/// <summary>What one benchmark came to.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">Its line for people.</param>
/// <param name="Unit">Of the variants' numbers.</param>
/// <param name="Variants">Medians over the rounds.</param>
/// <param name="Limits">Every limit with its verdict.</param>
internal sealed record BenchmarkResult(
    string Name, string Summary, string Unit, IReadOnlyList<VariantResult> Variants, IReadOnlyList<LimitResult> Limits)
{
    /// <summary>Medians and verdicts from the readings and the machine's slowness, each by variant and round.</summary>
    public static BenchmarkResult Of(Benchmark benchmark, IReadOnlyList<Variant> variants, Reading[][] readings, double[][] slowness, SpaceTotals?[] totals)
    {
        return new(
            benchmark.Name,
            benchmark.Summary,
            benchmark.Unit,
            [.. variants.Select((variant, i) => VariantResult.Of(variant.Name, readings[i], slowness[i], totals[i]))],
            [.. benchmark.Limits.Select(Judge)]);

        LimitResult Judge(Limit limit)
        {
            int subject = IndexOf(limit.Subject);
            int baseline = limit.Baseline is null ? subject : IndexOf(limit.Baseline);

            // Paired by round: what slows the machine down slows both.
            var values = readings[subject].Select((reading, round) => limit.Value(reading, readings[baseline][round], slowness[subject][round]));
            var interval = MedianInterval.Of(values);
            return new(limit.Text, limit.BoundText, limit.Bound, interval, limit.Judge(interval));
        }

        int IndexOf(string name)
        {
            for (int i = 0; i < variants.Count; i++)
            {
                if (variants[i].Name == name) return i;
            }

            throw new InvalidOperationException($"{benchmark.Name} has a limit on '{name}', which is no variant of it.");
        }
    }
}

/// <summary>One variant's medians.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Median">Of the rounds.</param>
/// <param name="Lowest">Of the rounds.</param>
/// <param name="P99">Null where single operations are not timed.</param>
/// <param name="Slowness">Of the machine meanwhile.</param>
/// <param name="Faults">What became of the faults of all rounds; null if the benchmark does not tell.</param>
/// <param name="Lock">Who held and who waited for the address-space locks; null as above.</param>
internal sealed record VariantResult(
    string Name, double Median, double Lowest, double? P99, double Slowness, FaultReport? Faults = null, LockReport? Lock = null)
{
    public static VariantResult Of(string name, Reading[] readings, double[] slowness, SpaceTotals? totals)
    {
        var mean = MedianInterval.Of(readings.Select(r => r.Mean));
        var p99 = MedianInterval.Of(readings.Select(r => r.P99));
        return new(
            name,
            mean.Median,
            readings.Min(r => r.Mean),
            double.IsNaN(p99.Median) ? null : p99.Median,
            MedianInterval.Of(slowness).Median,
            totals?.Faults(),
            totals?.Lock());
    }
}

/// <summary>One limit: its text, its bound, the median of the rounds with its interval, and the verdict.</summary>
internal sealed record LimitResult(string Text, string BoundText, double Bound, MedianInterval Value, Verdict Verdict);
