using System.Diagnostics;

namespace Faultline.Checker;

/// <summary>
/// Runs a small concurrent program under many schedules, with every shared access under control, until one fails or the
/// budget is spent.
/// </summary>
/// <example>
/// <code>
/// var result = Explore.Run(new ExploreOptions { Strategy = Strategy.DepthFirst(preemptions: 2) }, scope =>
/// {
///     var x = new WordCell(0);
///     scope.Spawn(() => x.Store(x.Load() + 1));
///     scope.Spawn(() => x.Store(x.Load() + 1));
///     scope.AtEnd(() => Debug.Assert(x.Load() == 2));
/// });
/// </code>
/// </example>
public static class Explore
{
    /// <summary>Explores the program that <paramref name="body"/> sets up anew for each schedule.</summary>
    /// <param name="options">Strategy, memory model and budgets.</param>
    /// <param name="body">
    /// Makes fresh data and adds threads and checks to its scope. Whatever its threads share goes through this assembly's
    /// cells, native accesses, fences and waits; whatever else they do is deterministic.
    /// </param>
    public static ExploreResult Run(ExploreOptions options, Action<ExploreScope> body)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(body);

        long start = Stopwatch.GetTimestamp();
        using var scheduler = new Scheduler(options.MemoryModel, options.MaxSteps);
        var picker = options.Strategy.Start();
        int schedules = 0;
        long steps = 0;
        ExploreResult Result(Verdict verdict, Finding? finding) =>
            new(verdict, finding, schedules, steps, picker.CompletedBound, Stopwatch.GetElapsedTime(start));

        while (picker.Begin())
        {
            // A strategy without an end of its own passes when it has run as often as it was asked to.
            if (schedules == options.MaxSchedules)
                return Result(picker.HasEnd ? Verdict.Inconclusive : Verdict.Pass, finding: null);
            if (Stopwatch.GetElapsedTime(start) > options.MaxTime) return Result(Verdict.Inconclusive, finding: null);

            var failure = scheduler.Execute(picker, body, trace: null);
            schedules++;
            steps += scheduler.Steps;
            if (failure is null) continue;

            var finding = Reproduce(scheduler, failure, scheduler.ScheduleText, body);
            return Result(finding.Kind == FindingKind.Nondeterminism ? Verdict.Inconclusive : Verdict.Violation, finding);
        }

        return Result(Verdict.Pass, finding: null);
    }

    /// <summary>Runs the one schedule that an earlier exploration of the same program printed.</summary>
    /// <param name="schedule">The schedule of a <see cref="Finding"/>; it names its memory model.</param>
    /// <param name="body">The program.</param>
    /// <param name="maxSteps">As <see cref="ExploreOptions.MaxSteps"/>.</param>
    /// <exception cref="FormatException"><paramref name="schedule"/> is not a schedule.</exception>
    public static ExploreResult Replay(string schedule, Action<ExploreScope> body, int maxSteps = 20_000)
    {
        ArgumentNullException.ThrowIfNull(body);

        long start = Stopwatch.GetTimestamp();
        var (model, choices) = ScheduleText.Parse(schedule);
        using var scheduler = new Scheduler(model, maxSteps);
        var trace = new OperationTrace();
        var failure = scheduler.Execute(new ReplayPicker(choices), body, trace);
        var finding = failure?.ToFinding(schedule, trace.LastLines());
        var verdict = failure switch
        {
            null => Verdict.Pass,
            { Kind: FindingKind.Nondeterminism } => Verdict.Inconclusive,
            _ => Verdict.Violation,
        };
        return new ExploreResult(verdict, finding, 1, scheduler.Steps, CompletedBound: -1, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>
    /// Runs the failing schedule once more with every operation written down: exploring pays nothing for the trace, and a
    /// schedule that does not fail again is not handed out as one that does.
    /// </summary>
    private static Finding Reproduce(Scheduler scheduler, Failure failure, string schedule, Action<ExploreScope> body)
    {
        if (failure.Kind == FindingKind.Nondeterminism) return failure.ToFinding(schedule, []);

        var trace = new OperationTrace();
        var again = scheduler.Execute(new ReplayPicker(ScheduleText.Parse(schedule).Choices), body, trace);
        if (again?.Kind == failure.Kind) return again.ToFinding(schedule, trace.LastLines());

        string second = again is null ? "nothing" : $"{again.Kind}: {again.Message}";
        return new Failure(
                FindingKind.Nondeterminism, $"first {failure.Kind}: {failure.Message}; the same schedule again: {second}", failure.Thread, failure.Exception)
            .ToFinding(schedule, []);
    }
}
