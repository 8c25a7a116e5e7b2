namespace Faultline.Traces.Replay;

/// <summary>
/// The beginning of a recording, replayed under each design before any is measured: else the first one would pay for the just-in-time compiler, and be several times as slow as
/// the next one with the same code.
/// </summary>
internal static class WarmUp
{
    private const int Events = 16384, Rounds = 3;

    /// <summary>The operations that were replayed under each design.</summary>
    public static long Run(Recording recording, ReplayOptions options, CancellationToken cancellation)
    {
        ReplayPlan plan = ReplayPlan.Of(recording, options.OrderCalls, cancellation, Events);
        for (int round = 0; round < Rounds; round++)
        {
            foreach (DesignPair design in options.Designs)
            {
                using var run = new ReplayRun(plan, design, options with { Paced = false, Examples = 0 }, memory: null, cancellation);
                run.Run(static _ => { });
            }
        }

        return Rounds * plan.Operations.Count;
    }
}
