namespace Faultline.Cli.Bench;

/// <summary>Tells when code is warm: when nothing has become faster for some bursts.</summary>
/// <remarks>
/// Tier-up waits for 100 ms in which no method ran for the first time, and a method passes two tiers before the last; on a busy machine each
/// step comes later. So no number of bursts is enough by itself.
/// </remarks>
internal sealed class Settling(int variants)
{
    private const int FewestBursts = 6;
    private const int MostBursts = 30;
    private const int SettledBursts = 3;
    private const double Progress = 0.97;

    /// <summary>Between two bursts, for the compiler's sake.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(130);

    private readonly double[] _best = [.. Enumerable.Repeat(double.PositiveInfinity, variants)];
    private int _settled;

    /// <summary>The burst that runs or is next, from 1.</summary>
    public int Burst { get; private set; } = 1;

    /// <summary>Time for measurements.</summary>
    public bool IsDone => Burst > MostBursts || (Burst > FewestBursts && _settled >= SettledBursts);

    /// <summary>What an operation of a variant took in this burst.</summary>
    public void Note(int variant, double time)
    {
        // Counted from 0 in the next burst, which adds one.
        if (time < _best[variant] * Progress) _settled = -1;
        _best[variant] = Math.Min(_best[variant], time);
    }

    /// <summary>All variants had their turn.</summary>
    public void EndBurst()
    {
        _settled++;
        Burst++;
    }
}
