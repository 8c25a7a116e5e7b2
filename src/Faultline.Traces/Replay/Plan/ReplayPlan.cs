namespace Faultline.Traces.Replay;

/// <summary>A recording with its order: what is replayed, by which thread, after what.</summary>
internal sealed class ReplayPlan
{
    public ReplayPlan(
        Recording recording, OperationTable operations, List<ThreadPlan> threads, Survey survey, int races, IReadOnlyDictionary<string, long> skipped)
    {
        Recording = recording;
        Operations = operations;
        Threads = [.. threads.Where(thread => thread.Operations.Count > 0)];
        Survey = survey;
        Races = races;
        Skipped = skipped;
        SpaceUsers = new int[recording.SpaceCount];
        StartedBy = Threads.Where(thread => thread.Start >= 0).ToDictionary(thread => thread.Start);
        foreach (ThreadPlan thread in Threads) CountSpaces(thread);
        MostLive = CountLive();
    }

    public Recording Recording { get; }

    public OperationTable Operations { get; }

    /// <summary>Threads that do something.</summary>
    public IReadOnlyList<ThreadPlan> Threads { get; }

    public Survey Survey { get; }

    /// <summary>Numbers of groups of racing faults are below this; 0 is none.</summary>
    public int Races { get; }

    /// <summary>Events that cannot be replayed, by reason.</summary>
    public IReadOnlyDictionary<string, long> Skipped { get; }

    /// <summary>How many threads use each space at some time: the last one to leave it takes it down.</summary>
    public int[] SpaceUsers { get; }

    /// <summary>The thread that a fork event starts.</summary>
    public IReadOnlyDictionary<int, ThreadPlan> StartedBy { get; }

    /// <summary>Most threads between their first and their last event at one time.</summary>
    public int MostLive { get; }

    /// <summary>The plan of a recording, or of its first <paramref name="events"/> events.</summary>
    public static ReplayPlan Of(Recording recording, bool orderCalls = false, CancellationToken cancellation = default, int events = int.MaxValue) =>
        PlanBuilder.Build(recording, orderCalls, Math.Min(events, recording.Events.Length), cancellation);

    private void CountSpaces(ThreadPlan thread)
    {
        int space = -1;
        foreach (int operation in thread.Operations)
        {
            if (Recording[operation].Space == space) continue;
            space = Recording[operation].Space;
            SpaceUsers[space]++;
        }
    }

    private int CountLive()
    {
        var changes = new List<(int At, int Change)>();
        foreach (ThreadPlan thread in Threads)
        {
            // A call that encloses a fault takes effect behind it, and stands before it in the recording.
            changes.Add((thread.Start >= 0 ? thread.Start : thread.Operations.Min(), 1));
            changes.Add((thread.Operations.Max() + 1, -1));
        }

        changes.Sort();
        int live = 0, most = 0;
        foreach ((_, int change) in changes) most = Math.Max(most, live += change);
        return most;
    }
}
