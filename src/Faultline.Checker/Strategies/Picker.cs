namespace Faultline.Checker;

/// <summary>A strategy at work. One thread uses it at a time: whoever holds the baton.</summary>
internal abstract class Picker
{
    /// <summary>True if the strategy can run out of schedules.</summary>
    public virtual bool HasEnd => false;

    /// <summary>The number of deviations up to which every schedule has run; -1 if no bound is complete.</summary>
    public virtual int CompletedBound => -1;

    /// <summary>Prepares the next schedule; false if there is none.</summary>
    public abstract bool Begin();

    /// <summary>
    /// Chooses among at least two options. The first is what happens undisturbed: a store reaches memory at once, and a
    /// thread goes on until it waits.
    /// </summary>
    /// <returns>An index, or -1 if the schedule that is followed does not fit the program.</returns>
    public abstract int Pick(ReadOnlySpan<Choice> options);
}
