using System.Runtime.InteropServices;
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

    // Of Note: what a change by another thread than the last one adds, what one by the same thread takes away, and the sum at which the leaf's writers had better have leaves of their own.
    private const int OtherThread = 2, SameThread = 1, MuchContended = 64;

    // Guarded by the gate: the last writer, what it changed, and how often writers took turns lately.
    private int _lastThread;
    private ulong _lastKey;
    private int _turns;

    public AreaLeaf(ulong low, ulong high, AreaRun run, bool isFencedBelow = false, bool isFencedAbove = false)
    {
        Low = low;
        High = high;
        IsFencedBelow = isFencedBelow;
        IsFencedAbove = isFencedAbove;
        Run = new Ref<AreaRun>(run);
    }

    /// <summary>First address that the leaf covers.</summary>
    public ulong Low { get; }

    /// <summary>First address after it.</summary>
    public ulong High { get; }

    /// <summary>
    /// No area of this leaf begins below it: who looks around in a leaf that is fenced above need not look into this one. Such a border comes from a split for contention, and both
    /// sides stay with however few areas; an area that has to cross it makes one leaf of both.
    /// </summary>
    public bool IsFencedBelow { get; }

    /// <summary>No area of a higher leaf begins below this one's <see cref="High"/>.</summary>
    public bool IsFencedAbove { get; }

    /// <summary>All areas that overlap or touch [.., <paramref name="end"/>) and end after the leaf's low end are in the leaf.</summary>
    public bool HasAllBelow(ulong end) => High == NoHigh || (IsFencedAbove && end <= High);

    /// <summary>True for the only leaf of a tree: it has no neighbour to join.</summary>
    public bool IsWholeTree => Low == 0 && High == NoHigh;

    /// <summary>Written under <see cref="Gate"/> by release stores, read by anyone with acquire loads.</summary>
    public Ref<AreaRun> Run;

    /// <summary>Guards changes of <see cref="Run"/>. Whoever holds it waits for nothing; only a holder of the structure gate takes several.</summary>
    public SpinGate Gate = new(LockRank.AreaLeaf);

#pragma warning disable IDE0051, CS0169 // It takes room, that is all: another leaf may lie behind this one, and two lines are fetched together.
    private readonly Room _room;
#pragma warning restore IDE0051, CS0169

    /// <summary>
    /// Notes a change about <paramref name="key"/>; true, with the other writer's key, if two threads take turns here at different places. Under the gate.
    /// </summary>
    public bool Note(ulong key, out ulong otherKey)
    {
        int thread = Threads.CurrentId;
        otherKey = _lastKey;
        _turns = thread == _lastThread ? Math.Max(0, _turns - SameThread) : _turns + OtherThread;
        bool isDue = _turns >= MuchContended && thread != _lastThread && key != _lastKey;
        if (isDue) _turns = 0;
        _lastThread = thread;
        _lastKey = key;
        return isDue;
    }

    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct Room;
}
