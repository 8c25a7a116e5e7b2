namespace Faultline.Checker;

/// <summary>How an exploration chooses its schedules.</summary>
public abstract record Strategy
{
    private protected Strategy()
    {
    }

    /// <summary>
    /// Deviates from the undisturbed schedule at random, in some schedules at every second point, in others rarely. Broad
    /// and cheap; as good as anything at finding shallow bugs.
    /// </summary>
    /// <param name="seed">Equal seeds give equal schedules.</param>
    public static Strategy Random(ulong seed) => new RandomStrategy(seed);

    /// <summary>
    /// Random priorities for threads and store buffers, changed at <paramref name="depth"/> - 1 random points
    /// (Burckhardt et al., ASPLOS 2010): a bug that needs <paramref name="depth"/> ordering constraints among n threads
    /// and k steps is hit with probability at least 1/(n·k^(depth-1)) in each schedule.
    /// </summary>
    /// <param name="seed">Equal seeds give equal schedules.</param>
    /// <param name="depth">At least 1; most bugs need no more than 3.</param>
    public static Strategy Pct(ulong seed, int depth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        return new PctStrategy(seed, depth);
    }

    /// <summary>
    /// All schedules with at most <paramref name="preemptions"/> deviations, fewest first, so that what it finds is
    /// minimal. Leaving a thread that could go on is a deviation, and so is letting a thread go on past a store that has
    /// not reached memory.
    /// </summary>
    /// <param name="preemptions">The bound.</param>
    public static Strategy DepthFirst(int preemptions)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(preemptions);
        return new DepthFirstStrategy(preemptions);
    }

    internal abstract Picker Start();
}
