namespace Faultline.Sync;

/// <summary>
/// Waiting for a short critical section of another thread: pauses first, then gives up the processor. A mutable struct,
/// one per wait.
/// </summary>
/// <remarks>
/// <see cref="SpinWait"/> sleeps a whole millisecond from its twentieth turn on: a preempted lock holder would then cost
/// every waiter 5 ms. Sixty-four pauses are about 2 µs, after which the holder is probably not running.
/// </remarks>
internal struct Backoff
{
    private const int PausesBeforeYield = 64;

    private int _turns;

    /// <summary>One turn of waiting. The caller re-reads what it waits for after it.</summary>
    public void Wait()
    {
        if (_turns < PausesBeforeYield)
        {
            _turns++;
            Thread.SpinWait(1);
        }
        else
        {
            Thread.Yield();
        }
    }

    /// <summary>True once pausing gave no result and the caller should park, if it can.</summary>
    public readonly bool ShouldPark => _turns >= PausesBeforeYield;
}
