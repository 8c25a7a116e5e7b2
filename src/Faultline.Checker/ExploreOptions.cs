namespace Faultline.Checker;

/// <summary>How, and for how long, <see cref="Explore.Run"/> looks for a failing schedule.</summary>
public sealed record ExploreOptions
{
    /// <summary>How schedules are chosen; random with seed 1 unless set.</summary>
    public Strategy Strategy { get; init; } = Strategy.Random(seed: 1);

    /// <summary>What loads may see; <see cref="MemoryModel.Tso"/> unless set.</summary>
    public MemoryModel MemoryModel { get; init; } = MemoryModel.Tso;

    /// <summary>Stop after so many schedules.</summary>
    public int MaxSchedules { get; init; } = 10_000;

    /// <summary>Stop, with an inconclusive verdict, after so much time.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A schedule with more operations than this is reported as a livelock.</summary>
    public int MaxSteps { get; init; } = 20_000;
}
