using System.Runtime.CompilerServices;
using Faultline.Physical;
using Faultline.Sync;

namespace Faultline.Reclaim;

/// <summary>Keeps some frames free, so that faults find them without reclaiming themselves (Linux <c>kswapd</c>).</summary>
/// <remarks>
/// <code>
///   free frames in the pool
///   ──────────── high = 2 low     the thread sleeps again
///   ──────────── low              woken by whoever takes frames
///   ──────────── 0                threads reclaim themselves
/// </code>
/// While it sleeps it refers to the memory weakly: one that was forgotten is collected, and the thread ends.
/// </remarks>
internal sealed class ReclaimThread
{
    /// <summary>The low watermark is this part of memory, within bounds: what a few threads take while the thread wakes up.</summary>
    private const int LowFraction = 64;
    private const long LeastLow = 16;
    private const long MostLow = 4096;

    /// <summary>Frames freed between two looks at the pool.</summary>
    private const int Batch = 32;

    /// <summary>How often a sleeping thread looks whether its memory still exists.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(100);

    private readonly Reclaimer _reclaimer;
    private readonly PhysicalMemory _memory;
    private readonly Parker _parker = new();

    // Held while frames are touched.
    private SpinGate _atWork = new(LockRank.Reclaim);

    // 1 from the wake-up until the thread goes to sleep: saves the others a wake-up each. 1 from Stop on.
    private Word32 _isAwake, _isStopped;

    public ReclaimThread(Reclaimer reclaimer, PhysicalMemory memory)
    {
        _reclaimer = reclaimer;
        _memory = memory;
        LowWatermark = Math.Min(Math.Clamp(memory.CapacityInFrames / LowFraction, LeastLow, MostLow), memory.CapacityInFrames / 4);
        var self = new WeakReference<ReclaimThread>(this);
        Parker parker = _parker;
        Threads.StartBackground("Faultline reclaim", () => Run(self, parker));
    }

    /// <summary>In frames.</summary>
    public long LowWatermark { get; }

    public void Wake()
    {
        // The look keeps the flag's line shared while the thread is awake. The exchange is a full fence: pairs with the one before the thread sleeps.
        if (_isAwake.LoadRelaxed() == 0 && _isAwake.Exchange(1) == 0) _parker.Unpark();
    }

    /// <summary>Afterwards no frame is touched any more.</summary>
    public void Stop()
    {
        _isStopped.StoreRelease(1);
        _parker.Unpark();
        _atWork.Enter();
        _atWork.Exit();
    }

    private static void Run(WeakReference<ReclaimThread> self, Parker parker)
    {
        while (TryWork(self, woken: parker.Park(s_patience)))
        {
        }
    }

    /// <summary>One stint; false if there will be no other. Not inlined: the caller must not keep the memory alive while it sleeps.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryWork(WeakReference<ReclaimThread> self, bool woken) =>
        self.TryGetTarget(out ReclaimThread? thread) && (!woken || thread.TryWork());

    private bool TryWork()
    {
        _atWork.Enter();
        bool isStopped = _isStopped.LoadAcquire() != 0;
        bool isBalanced = isStopped || TryBalance();
        _atWork.Exit();

        // Nothing may leave: the threads that need frames find that out for themselves. Awake for them a while longer, else each would wake us to look in vain.
        if (!isBalanced) _parker.Park(s_rest);

        // Whoever takes frames from here on wakes us again; who took some between our last look and this found us awake. A full fence between the flag and the look.
        _isAwake.Exchange(0);
        if (_memory.Frames.CountPool() < LowWatermark) Wake();
        return !isStopped;
    }

    /// <summary>False if nothing more can be freed.</summary>
    private bool TryBalance()
    {
        while (_isStopped.LoadAcquire() == 0 && _memory.Frames.CountPool() < 2 * LowWatermark)
        {
            if (_reclaimer.Free(Batch) == 0) return false;
        }

        return true;
    }
}
