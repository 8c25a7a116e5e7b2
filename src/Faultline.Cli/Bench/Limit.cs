using System.Globalization;

namespace Faultline.Cli.Bench;

/// <summary>A number to reach, as a series of one value per round against a bound.</summary>
internal sealed record Limit
{
    private Limit(string text, string subject, string? baseline, double bound, bool isFloor, Func<Reading, Reading, double, double> value)
    {
        Text = text;
        Subject = subject;
        Baseline = baseline;
        Bound = bound;
        IsFloor = isFloor;
        Value = value;
    }

    /// <summary>For the table: what is compared with what.</summary>
    public string Text { get; }

    /// <summary>The variant that must be good enough.</summary>
    public string Subject { get; }

    /// <summary>The variant that it is measured by; null for an absolute limit.</summary>
    public string? Baseline { get; }

    /// <summary>The bound itself is still good.</summary>
    public double Bound { get; }

    /// <summary>The value must be at least the bound, and not at most.</summary>
    public bool IsFloor { get; }

    /// <summary>The value of one round from the subject's reading, the baseline's, and how slow the machine was beside them.</summary>
    public Func<Reading, Reading, double, double> Value { get; }

    /// <summary>The subject takes at most <paramref name="bound"/> of the baseline's time.</summary>
    public static Limit TimeAtMost(string subject, string baseline, double bound, Metric metric = Metric.Mean)
    {
        string of = metric == Metric.Mean ? "" : "p99 of ";
        return new($"{of}{subject} / {of}{baseline}", subject, baseline, bound, isFloor: false, (s, b, _) => s[metric] / b[metric]);
    }

    /// <summary>The subject reaches at least <paramref name="bound"/> of the baseline's speed.</summary>
    public static Limit SpeedAtLeast(string subject, string baseline, double bound) =>
        new($"speed of {subject} / {baseline}", subject, baseline, bound, isFloor: true, static (s, b, _) => b.Mean / s.Mean);

    /// <summary>The subject takes at most so long on the reference machine: the reading is divided by how slow this machine is just now.</summary>
    public static Limit NanosecondsAtMost(string subject, double bound) =>
        new($"{subject}, scaled ns", subject, null, bound, isFloor: false, static (s, _, slowness) => s.Mean / slowness);

    /// <summary>The reading itself is at most <paramref name="bound"/>.</summary>
    public static Limit AtMost(string subject, double bound, string unit) =>
        new($"{subject}, {unit}", subject, null, bound, isFloor: false, static (s, _, _) => s.Mean);

    /// <summary>A miss only if the whole interval lies beyond the bound.</summary>
    public Verdict Judge(MedianInterval interval)
    {
        // A comparison with NaN is false: a series without numbers proves nothing.
        bool lowIsGood = IsFloor ? interval.Low >= Bound : interval.Low <= Bound;
        bool highIsGood = IsFloor ? interval.High >= Bound : interval.High <= Bound;
        if (lowIsGood && highIsGood) return Verdict.Pass;
        return lowIsGood || highIsGood || double.IsNaN(interval.Median) ? Verdict.Inconclusive : Verdict.Miss;
    }

    /// <summary>"≤ 0.30" or "≥ 0.80".</summary>
    public string BoundText => (IsFloor ? "≥ " : "≤ ") + Bound.ToString(Bound < 10 ? "0.00" : "0", CultureInfo.InvariantCulture);
}

/// <summary>Whether a limit was kept.</summary>
internal enum Verdict
{
    Pass,
    Inconclusive,
    Miss,
}
