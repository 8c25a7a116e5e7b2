using Faultline.Traces.Replay;

namespace Faultline.Traces;

/// <summary>Replays a recording up to a moment to look at the areas of its processes.</summary>
public static class Snapshots
{
    /// <summary>The address spaces that exist at a moment, each as it is then.</summary>
    /// <param name="recording">What to replay; calls run in their recorded order.</param>
    /// <param name="at">Time since the first event; null for each space at its own end: before its process exits or executes another program.</param>
    /// <param name="progress">Called now and then with the operations done and their number.</param>
    /// <param name="cancellation">Stops the replay.</param>
    /// <exception cref="ReplayException">It needs more memory than there is, or the recording says what cannot be.</exception>
    /// <exception cref="InsufficientMemoryException">The host has no memory for so many frames.</exception>
    public static IReadOnlyList<SpaceSnapshot> Of(
        Recording recording, TimeSpan? at = null, Action<long, long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recording);
        int events = at is { } time ? EventsUntil(recording, time) : recording.Events.Length;
        SpaceOwner[] owners = SpaceOwner.Find(recording, events);
        ReplayPlan plan = ReplayPlan.Of(recording, orderCalls: true, cancellation, events);
        var found = new SpaceSnapshot?[recording.SpaceCount];
        var options = new ReplayOptions { Designs = [FaultDesign.AreaSequence], OrderCalls = true, Examples = 0 };
        using var run = new ReplayRun(plan, options.Designs[0], options, memory: null, cancellation)
        {
            Leaving = (number, space) => found[number] = Take(number, space, owners[number]),
        };
        run.Run(done => progress?.Invoke(done, plan.Operations.Count));
        return [.. found.OfType<SpaceSnapshot>().Where(snapshot => at is null || !owners[snapshot.Space].HasEnded)];
    }

    private static SpaceSnapshot Take(int number, AddressSpace space, SpaceOwner owner) =>
        new(number, owner.ProcessId, owner.Program, space.ListAreas(), space.ListBoundaries(), space.Maps(), space.ExplainMaps());

    private static int EventsUntil(Recording recording, TimeSpan at)
    {
        int count = 0;
        long last = recording.Events.IsEmpty ? 0 : recording[0].Time + (at.Ticks * TimeSpan.NanosecondsPerTick);
        while (count < recording.Events.Length && recording[count].Time <= last) count++;
        return count;
    }
}
