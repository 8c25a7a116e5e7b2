namespace Faultline.Cli.Bench.Benchmarks;

/// <summary>Held ranges in a balanced tree under one spin lock, as Linux's range-lock proposals of 2013 and 2017 had them: a peer for <c>RangeLock</c>.</summary>
internal sealed class TreeRangeLock
{
    // Guarded by _gate: start → end of what is held exclusively; held ranges never overlap.
    private readonly SortedList<ulong, ulong> _held = [];
    private SpinLock _gate = new(enableThreadOwnerTracking: false);

    public void Enter(ulong start, ulong end)
    {
        var spin = default(SpinWait);
        while (!TryEnter(start, end)) spin.SpinOnce(sleep1Threshold: -1);
    }

    public void Exit(ulong start)
    {
        bool taken = false;
        _gate.Enter(ref taken);
        _held.Remove(start);
        _gate.Exit();
    }

    private bool TryEnter(ulong start, ulong end)
    {
        bool taken = false;
        _gate.Enter(ref taken);
        bool isFree = true;
        foreach ((ulong heldStart, ulong heldEnd) in _held)
        {
            if (heldStart >= end) break;
            isFree &= heldEnd <= start;
        }

        if (isFree) _held.Add(start, end);
        _gate.Exit();
        return isFree;
    }
}
