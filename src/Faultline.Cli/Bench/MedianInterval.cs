namespace Faultline.Cli.Bench;

/// <summary>The median of a series and the interval that holds the true median with a confidence of at least 95 %.</summary>
/// <remarks>
/// The interval lies between two values of the sorted series: each value lies below the true median with probability one half whatever the
/// distribution is, so the binomial distribution says how far in the two may stand. No assumption that a shared machine would break, no random resampling:
/// the same readings always give the same verdict.
/// </remarks>
internal readonly record struct MedianInterval(double Median, double Low, double High)
{
    private const double Confidence = 0.95;

    /// <summary>Of at least one value. With fewer than six values there is no such interval: it is without bounds.</summary>
    public static MedianInterval Of(IEnumerable<double> series)
    {
        double[] sorted = [.. series];
        if (sorted.Length == 0) throw new ArgumentException("A series without values has no median.", nameof(series));
        Array.Sort(sorted);
        if (double.IsNaN(sorted[0])) return new(double.NaN, double.NaN, double.NaN);

        int n = sorted.Length;
        double median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
        int outside = ValuesOutside(n);
        return outside == 0
            ? new(median, double.NegativeInfinity, double.PositiveInfinity)
            : new(median, sorted[outside - 1], sorted[n - outside]);
    }

    // The rank, from each end, at which the interval begins: the largest k with 2 P(fewer than k of n below the median) <= 5 %.
    private static int ValuesOutside(int n)
    {
        double term = Math.Pow(0.5, n), tail = 0;
        int k = 0;
        while (2 * (tail + term) <= 1 - Confidence)
        {
            tail += term;
            term *= (double)(n - k) / (k + 1);
            k++;
        }

        return k;
    }
}
