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
    /// <summary>Frames freed between two looks at the pool.</summary>
    private const int Batch = 32;

    /// <summary>How often a sleeping thread looks whether its memory still exists.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>The first rest after nothing could be freed; each further one is twice as long, up to 32 times (Linux's <c>kswapd</c> gives up after sixteen failures).</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(100);
    private const int MostDoublings = 5;

    private readonly Reclaimer _reclaimer;
    private readonly PhysicalMemory _memory;
    private readonly Parker _parker = new();

    // Held while frames are touched.
    private SpinGate _atWork = new(LockRank.Reclaim);

    // 1 from the wake-up until the thread goes to sleep: saves the others a wake-up each. 1 from Stop on.
    private Word32 _isAwake, _isStopped;

    // Stints in a row that freed nothing. The thread's own.
    private int _failures;

    public ReclaimThread(Reclaimer reclaimer, PhysicalMemory memory)
    {
        _reclaimer = reclaimer;
        _memory = memory;
    }

    /// <summary>Once.</summary>
    public void Start()
    {
        var self = new WeakReference<ReclaimThread>(this);
        Parker parker = _parker;
        Threads.StartBackground("Faultline reclaim", () => Run(self, parker));
    }

    public void Wake()
    {
        // The look keeps the flag's line shared while the thread is awake. The exchange is a full fence: pairs with the one before the thread sleeps.
        if (_isAwake.LoadRelaxed() == 0 && _isAwake.Exchange(1) == 0) _parker.Unpark();
    }

    /// <summary>A thread waits for what only the reclaim thread may do: no rest now.</summary>
    public void Hurry() => _parker.Unpark();

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
        if (isBalanced) _failures = 0;
        else _parker.Park(s_rest * (1 << Math.Min(_failures++, MostDoublings)));

        // Whoever takes frames from here on wakes us again; who took some between our last look and this found us awake. A full fence between the flag and the look.
        _isAwake.Exchange(0);
        if (_memory.Frames.CountPool() < _reclaimer.LowWatermark) Wake();
        return !isStopped;
    }

    /// <summary>False if nothing more can be freed.</summary>
    private bool TryBalance()
    {
        while (_isStopped.LoadAcquire() == 0 && _memory.Frames.CountPool() < 2 * _reclaimer.LowWatermark)
        {
            if (_reclaimer.Free(Batch) == 0) return false;
        }

        return true;
    }
}
