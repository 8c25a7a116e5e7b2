using Faultline.Sync;
using Faultline.Traces.Replay;

namespace Faultline.Traces;

/// <summary>Runs a recording again, under the designs asked for, and compares it with what Linux did.</summary>
public static class Replayer
{
    /// <summary>Replays a recording.</summary>
    /// <param name="recording">What to replay.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="progress">Called now and then with the design, the operations done and their number.</param>
    /// <param name="cancellation">Stops the replay.</param>
    /// <exception cref="ReplayException">It needs more memory than it was given, or the recording says what cannot be.</exception>
    /// <exception cref="InsufficientMemoryException">The host has no memory for so many frames.</exception>
    public static ReplayReport Run(
        Recording recording, ReplayOptions? options = null, Action<DesignPair, long, long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recording);
        options ??= new ReplayOptions();
        long warmedUp = options.Designs.Count > 1 ? WarmUp.Run(recording, options, cancellation) : 0;
        long before = Clock.Timestamp;
        ReplayPlan plan = ReplayPlan.Of(recording, options.OrderCalls, cancellation);
        long planned = Clock.Nanoseconds(before, Clock.Timestamp);

        var designs = new List<DesignReport>();
        foreach (DesignPair design in options.Designs)
        {
            using var run = new ReplayRun(plan, design, options, memory: null, cancellation);
            designs.Add(run.Run(done => progress?.Invoke(design, done, plan.Operations.Count)));
        }

        return new ReplayReport
        {
            Operations = plan.Operations.Count,
            Threads = plan.Threads.Count,
            Spaces = recording.SpaceCount,
            Orders = plan.Operations.Orders,
            OrderedCalls = options.OrderCalls,
            PlanNanoseconds = planned,
            WarmUpOperations = warmedUp,
            LostEvents = recording.Totals.Lost,
            NotReplayed = plan.Skipped,
            Designs = designs,
        };
    }
}
