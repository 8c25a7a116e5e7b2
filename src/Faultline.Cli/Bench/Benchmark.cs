namespace Faultline.Cli.Bench;

/// <summary>One comparison: what is measured, against what, and how good it must be.</summary>
internal abstract class Benchmark
{
    /// <summary>As <c>--filter</c> and <c>--list</c> know it: <c>group/what</c>.</summary>
    public abstract string Name { get; }

    /// <summary>One line for people.</summary>
    public abstract string Summary { get; }

    /// <summary>The unit of the readings.</summary>
    public virtual string Unit => "ns";

    /// <summary>What <c>--check</c> demands.</summary>
    public abstract IReadOnlyList<Limit> Limits { get; }

    /// <summary>Builds what the variants work on, and the variants.</summary>
    public abstract OpenBenchmark Open();
}

/// <summary>A benchmark that is ready to run, and what it owns, disposed of in reverse order.</summary>
internal sealed class OpenBenchmark(IReadOnlyList<Variant> variants, params IDisposable[] owned) : IDisposable
{
    /// <summary>In the order of the table.</summary>
    public IReadOnlyList<Variant> Variants { get; } = variants;

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int i = owned.Length - 1; i >= 0; i--) owned[i].Dispose();
    }
}
