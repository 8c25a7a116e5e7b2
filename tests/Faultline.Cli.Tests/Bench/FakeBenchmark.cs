using Faultline.Cli.Bench;

namespace Faultline.Cli.Tests.Bench;

/// <summary>A benchmark whose readings are given, by round, and which notes who was measured when.</summary>
internal sealed class FakeBenchmark(Limit limit, params (string Name, Func<int, Reading> Reading)[] variants) : Benchmark, IDisposable
{
    private bool _isMeasuring;

    /// <summary>Names in the order of measurement, warm-up left out.</summary>
    public List<string> Order { get; } = [];

    public bool IsDisposed { get; private set; }

    public override string Name => "fake";

    public override string Summary => "given readings";

    public override IReadOnlyList<Limit> Limits => [limit];

    public override OpenBenchmark Open() => new([.. variants.Select(Make)], this);

    /// <summary>The runner says that rounds begin.</summary>
    public void Progress(string text) => _isMeasuring |= text.Contains("round");

    public void Dispose() => IsDisposed = true;

    private Variant Make((string Name, Func<int, Reading> Reading) variant)
    {
        int round = 0;
        return new(variant.Name, _ =>
        {
            // Longer than a measurement should be: the runner need not repeat it.
            Thread.Sleep(25);
            if (!_isMeasuring) return default;
            Order.Add(variant.Name);
            return variant.Reading(round++);
        });
    }
}
