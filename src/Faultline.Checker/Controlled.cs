namespace Faultline.Checker;

/// <summary>What a controlled thread can do besides accessing shared locations. Outside an exploration each acts directly.</summary>
public static class Controlled
{
    /// <summary>The index of the calling controlled thread, or -1.</summary>
    public static int ThreadIndex => ControlledThread.Current?.Index ?? -1;

    /// <summary>Differs between schedules: state that an operating-system thread keeps from an earlier one is stale. 0 outside.</summary>
    public static long ScheduleNumber => ControlledThread.Current?.Scheduler.ScheduleNumber ?? 0;

    /// <summary>Operations of the current schedule so far: a clock that replays. 0 outside.</summary>
    public static long Steps => ControlledThread.Current?.Scheduler.Steps ?? 0;

    /// <summary>Orders everything, earlier stores before later loads included.</summary>
    public static void Fence()
    {
        if (ControlledThread.Current is { } thread) thread.Fence();
        else Interlocked.MemoryBarrier();
    }

    /// <summary>Lets others run first.</summary>
    public static void Yield()
    {
        if (ControlledThread.Current is { } thread) thread.Yield();
        else Thread.Yield();
    }

    /// <summary>
    /// One turn of a loop that waits for another thread's store: the thread goes on only when something that it read since
    /// its last <see cref="Spin"/> or <see cref="Yield"/> reads differently. A loop that nobody ends is thus a deadlock.
    /// </summary>
    public static void Spin()
    {
        if (ControlledThread.Current is { } thread) thread.Spin();
        else Thread.Yield();
    }
}
