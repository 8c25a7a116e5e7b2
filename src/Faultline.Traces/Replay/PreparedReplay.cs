using Faultline.Physical;
using Faultline.Traces.Replay;

namespace Faultline.Traces;

/// <summary>
/// A recording whose order has been built, to be run any number of times over the same memory: for measurements, in which all runs must meet the same frames, and
/// frames that the host has faulted in.
/// </summary>
public sealed class PreparedReplay : IDisposable
{
    private static readonly ReplayOptions s_options = new() { Examples = 0 };

    private readonly ReplayPlan _plan;
    private readonly PhysicalMemory _memory;

    /// <summary>Builds the order and sets the memory up.</summary>
    /// <exception cref="InsufficientMemoryException">The host has no memory for what the recording can need.</exception>
    public PreparedReplay(Recording recording, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recording);
        _plan = ReplayPlan.Of(recording, orderCalls: false, cancellation);
        _memory = ReplayRun.NewMemory(_plan, s_options, prefault: true);
    }

    /// <summary>Events that a run replays.</summary>
    public long Operations => _plan.Operations.Count;

    /// <summary>Runs all of it once, as fast as the order admits.</summary>
    /// <param name="design">How faults are served, and what excludes calls.</param>
    /// <param name="shortCut">Faults of a space with one thread go the classic way.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="ReplayException">It needs more memory than there is, or the recording says what cannot be.</exception>
    public DesignReport Run(DesignPair design, bool shortCut = false, CancellationToken cancellation = default)
    {
        using var run = new ReplayRun(_plan, design, s_options with { ShortCut = shortCut }, _memory, cancellation);
        return run.Run(static _ => { });
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
