using Faultline.Sync;

namespace Faultline.Traces.Replay;

/// <summary>A thread of the replaying process: what it measures and notes by itself, without sharing.</summary>
internal sealed class Worker(int examples)
{
    private readonly Parker _call = new();

    // 1 when there will be no further call. Published by the unpark that follows it.
    private Word32 _dismissed;

    // Written by the worker alone; read by whoever shows progress, who may be a few behind.
    private Word64 _done;

    /// <summary>The recorded thread to run. Written before the worker is started or called.</summary>
    public ThreadPlan? Job { get; set; }

    /// <summary>Sleeps here until a predecessor is complete.</summary>
    public Parker Parker { get; } = new();

    public Tally Tally { get; } = new(examples);

    public LatencyRecorder Latency { get; } = new();

    public long Done => (long)_done.LoadRelaxed();

    public void CountDone() => _done.StoreRelaxed(_done.LoadRelaxed() + 1);

    public void Start(Action<Worker> life)
    {
        var thread = new Thread(() => life(this)) { IsBackground = true, Name = "replay" };
        thread.Start();
    }

    public void Call() => _call.Unpark();

    public void Dismiss()
    {
        _dismissed.StoreRelease(1);
        _call.Unpark();
    }

    /// <summary>False when there is nothing more to do.</summary>
    public bool WaitForCall()
    {
        _call.Park();
        return _dismissed.LoadAcquire() == 0;
    }
}
