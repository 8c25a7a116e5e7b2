using Faultline.Sync;

namespace Faultline.Areas;

/// <summary>
/// A leaf of an <see cref="AreaTree"/>: the areas whose last byte lies in a range that never changes. Its areas change by replacing the run,
/// so writers of different leaves share nothing; a change of the range makes new leaves and this one <see cref="AreaRun.Dead"/>.
/// </summary>
internal sealed class AreaLeaf : AreaNode
{
    /// <summary>The <see cref="High"/> of the last leaf.</summary>
    public const ulong NoHigh = ulong.MaxValue;

    /// <summary>With fewer areas a leaf joins a neighbour.</summary>
    public const int MinAreas = 4;

    /// <summary>
    /// Areas per leaf when a run is dealt out anew: two leaves of 6 to 12 are as far as can be from both the next split and
    /// the next join.
    /// </summary>
    public const int DealtAreas = 12;

    public AreaLeaf(ulong low, ulong high, AreaRun run)
    {
        Low = low;
        High = high;
        Run = new Ref<AreaRun>(run);
    }

    /// <summary>First address that the leaf covers.</summary>
    public ulong Low { get; }

    /// <summary>First address after it.</summary>
    public ulong High { get; }

    /// <summary>True for the only leaf of a tree: it has no neighbour to join.</summary>
    public bool IsWholeTree => Low == 0 && High == NoHigh;

    /// <summary>Written under <see cref="Gate"/> by release stores, read by anyone with acquire loads.</summary>
    public Ref<AreaRun> Run;

    /// <summary>Guards changes of <see cref="Run"/>. Whoever holds it waits for nothing; only a holder of the structure gate takes several.</summary>
    public SpinGate Gate = new(LockRank.AreaLeaf);
}
