using System.Text;

namespace Faultline.Checker;

/// <summary>What an exploration found.</summary>
public enum Verdict
{
    /// <summary>The strategy did all that it was asked to do and nothing failed.</summary>
    Pass,

    /// <summary>A schedule failed.</summary>
    Violation,

    /// <summary>A budget ended before the strategy, or the program is not deterministic under a schedule: nothing is known.</summary>
    Inconclusive,
}

/// <summary>How a schedule failed.</summary>
public enum FindingKind
{
    /// <summary>A controlled thread let an exception escape.</summary>
    Exception,

    /// <summary>A check after the threads' end threw.</summary>
    FailedCheck,

    /// <summary>Threads are left and none of them can go on: a deadlock or a lost wake-up.</summary>
    Deadlock,

    /// <summary>The threads went on past <see cref="ExploreOptions.MaxSteps"/>.</summary>
    Livelock,

    /// <summary>
    /// The same schedule took another path the second time: the program depends on something that is not controlled
    /// (time, hash codes, state that outlives the body).
    /// </summary>
    Nondeterminism,
}

/// <summary>One failing schedule.</summary>
/// <param name="Kind">How it failed.</param>
/// <param name="Message">The failure in words.</param>
/// <param name="Thread">The index of the thread that failed, or -1 if it was none in particular.</param>
/// <param name="Exception">What was thrown, if something was.</param>
/// <param name="Schedule">The schedule, for <see cref="Explore.Replay"/>.</param>
/// <param name="Trace">The last operations of the failing schedule, one a line; empty if it could not be reproduced.</param>
public sealed record Finding(
    FindingKind Kind, string Message, int Thread, Exception? Exception, string Schedule, IReadOnlyList<string> Trace);

/// <summary>The outcome of <see cref="Explore.Run"/>.</summary>
/// <param name="Verdict">Whether something was found.</param>
/// <param name="Finding">The failing schedule, unless all passed.</param>
/// <param name="Schedules">How many schedules ran, the failing one included.</param>
/// <param name="Steps">How many operations they had together.</param>
/// <param name="CompletedBound">
/// Depth-first: every schedule with at most so many deviations has run, also if the search as a whole was cut off. Else -1.
/// </param>
/// <param name="Elapsed">How long they took.</param>
public sealed record ExploreResult(
    Verdict Verdict, Finding? Finding, int Schedules, long Steps, int CompletedBound, TimeSpan Elapsed)
{
    /// <summary>Schedules in a second, for comparisons.</summary>
    public double SchedulesPerSecond => Schedules / Math.Max(Elapsed.TotalSeconds, 1e-9);

    /// <summary>The verdict, the counts and, if there is a finding, its schedule and trace.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(
            $"{Verdict}: {Schedules} schedules, {(double)Steps / Math.Max(Schedules, 1):F0} steps each, {SchedulesPerSecond:F0} schedules/s");
        if (CompletedBound >= 0) text.Append($", all with up to {CompletedBound} deviations");
        if (Finding is null) return text.ToString();

        text.AppendLine().Append($"{Finding.Kind}");
        if (Finding.Thread >= 0) text.Append($" in thread {ScheduleText.ThreadName(Finding.Thread)}");
        text.AppendLine($": {Finding.Message}").Append($"replay with: {Finding.Schedule}");
        foreach (string line in Finding.Trace) text.AppendLine().Append(line);
        return text.ToString();
    }
}
