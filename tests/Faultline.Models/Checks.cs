using Faultline.Checker;
using Faultline.Sync;

namespace Faultline.Models;

/// <summary>Runs one program under one strategy or several, and asserts the outcome.</summary>
internal static class Checks
{
    private const ulong Seed = 2026;

    /// <summary>One strategy of each kind: they fail to find different bugs.</summary>
    public static readonly Strategy[] Portfolio =
    [
        Strategy.DepthFirst(preemptions: 2), Strategy.Random(Seed), Strategy.Pct(Seed, depth: 3),
    ];

    public static ExploreResult Explore(
        MemoryModel model, Strategy strategy, Action<ExploreScope> body, int maxSchedules = 5_000, int maxSteps = 5_000)
    {
        var options = new ExploreOptions
        {
            MemoryModel = model,
            Strategy = strategy,
            MaxSchedules = maxSchedules,
            MaxSteps = maxSteps,
        };
        var result = Faultline.Checker.Explore.Run(options, body);
        TestContext.Current.TestOutputHelper?.WriteLine($"{model}, {strategy}: {result}");
        return result;
    }

    /// <summary>Nothing fails, whatever the strategy.</summary>
    public static void AssertPasses(MemoryModel model, Action<ExploreScope> body, int maxSchedules = 5_000)
    {
        foreach (var strategy in Portfolio)
        {
            var result = Explore(model, strategy, body, maxSchedules);

            // Two deviations can be too many for the budget, and of three threads even one.
            bool isCutOff = result.Finding is null && result.CompletedBound >= 0;
            Assert.True(result.Verdict == Verdict.Pass || isCutOff, result.ToString());
        }
    }

    /// <summary>A weakened engine's failure, whatever it looks like, is found by one of the strategies within the budget of each.</summary>
    public static Finding AssertFound(MemoryModel model, int maxSchedules, Action<ExploreScope> body)
    {
        ExploreResult? result = null;
        foreach (var strategy in Portfolio.Reverse())
        {
            result = Explore(model, strategy, body, maxSchedules);
            if (result.Verdict == Verdict.Violation) return result.Finding!;
        }

        throw new Xunit.Sdk.XunitException($"nothing found; the last: {result}");
    }

    /// <summary>Runs a check with one protection taken out of the engine.</summary>
    public static void WithMutant(Mutant mutant, Action check)
    {
        Mutants.Active = mutant;
        try
        {
            check();
        }
        finally
        {
            Mutants.Active = Mutant.None;
        }
    }

    /// <summary>Every strategy finds a failure of this kind; returns the depth-first one, which is the shortest.</summary>
    public static Finding AssertFails(
        MemoryModel model, FindingKind kind, Action<ExploreScope> body, int maxSchedules = 5_000, int maxSteps = 5_000)
    {
        Finding? first = null;
        foreach (var strategy in Portfolio)
        {
            var result = Explore(model, strategy, body, maxSchedules, maxSteps);
            Assert.True(result.Verdict == Verdict.Violation && result.Finding!.Kind == kind, result.ToString());
            first ??= result.Finding;
        }

        return first!;
    }
}
